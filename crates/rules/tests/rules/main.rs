//! The rules, by tables, by edges and by properties. Start at `story.rs`, which says how a test is written.

#[cfg(test)]
mod authority;
#[cfg(test)]
mod awarding;
#[cfg(test)]
mod edges;
#[cfg(test)]
mod ends;
#[cfg(test)]
mod network_file;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod reasons;
#[cfg(test)]
mod remedies;
#[cfg(test)]
mod story;
