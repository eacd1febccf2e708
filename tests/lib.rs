//! Stories that start the real registry and speak to it as controllers, managers and browsers do.
//!
//! All stories are modules of one test program, `stories.rs`, so that the registry is linked once.
