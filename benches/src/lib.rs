//! What the benchmarks of the whole registry have in common: a filled registry, a controller, a page, and the floors.
//!
//! Start with [`Town`]. Each benchmark is a file beside `src/`; `docs/benchmarks.md` says what was measured and how.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a measurement that fails says where"
)]

mod device;
mod floor;
mod page;
mod people;
mod served;
mod town;

pub use device::{Device, Heard};
pub use floor::{Disk, Echo};
pub use page::Page;
pub use people::{award_of, person_of, uid};
pub use served::{Served, forget_in_cache};
pub use town::{Town, machine_of};

/// Waits for what a benchmark measures with two threads, as the registry's own runtime has on two cores.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(future)
}
