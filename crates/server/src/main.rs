//! The program `tremen`. Everything is in the library; start reading at `tremen_server`.

fn main() -> std::process::ExitCode {
    tremen_server::cli::run()
}
