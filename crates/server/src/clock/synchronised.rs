//! Whether the system says that its clock is synchronised: asked of its own programs, since the kernel's flag cannot be
//! read without unsafe code (docs/decisions). A program that is missing or says something else counts as a no.

use std::process::{Command, Stdio};

/// A program of the system's, its arguments, and what of its words counts as a yes.
type Witness = (&'static str, &'static [&'static str], fn(&str) -> bool);

/// Who is asked, in this order. The kernel withdraws its flag when somebody sets the clock by hand, so
/// that an old yes does not cover a new step.
const WITNESSES: [Witness; 3] = [
    ("timedatectl", &["show", "--property=NTPSynchronized", "--value"], says_systemd),
    ("chronyc", &["-n", "tracking"], says_chrony),
    ("adjtimex", &["--print"], says_kernel),
];

/// Asks until one says yes.
pub(super) fn ask() -> bool {
    WITNESSES.iter().any(|(program, arguments, is_yes)| {
        let said = Command::new(program).args(*arguments).env("LC_ALL", "C").stdin(Stdio::null()).output();
        said.is_ok_and(|said| said.status.success() && is_yes(&String::from_utf8_lossy(&said.stdout)))
    })
}

/// `yes` or `no`: the kernel's flag, as systemd reads it.
fn says_systemd(said: &str) -> bool {
    said.trim() == "yes"
}

/// `Leap status     : Normal`, or a leap second that is announced; `Not synchronised` otherwise. A chrony that only hears
/// itself (`local stratum 10`) says `Normal` too, and names itself as its reference.
fn says_chrony(said: &str) -> bool {
    let told =
        |name: &str| said.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_prefix(':')).map(str::trim);
    let hears_itself = told("Reference ID").is_none_or(|it| it.starts_with(ITSELF));
    let normal = ["Normal", "Insert second", "Delete second"];
    !hears_itself && told("Leap status").is_some_and(|status| normal.contains(&status))
}

/// 127.127.1.1, by which chrony names itself.
const ITSELF: &str = "7F7F0101";

/// `status: 8193`: bit 64 says that the kernel's clock is not synchronised (STA_UNSYNC of `adjtimex(2)`).
fn says_kernel(said: &str) -> bool {
    let status = said.lines().find_map(|line| line.trim().strip_prefix("status:")?.trim().parse::<u32>().ok());
    status.is_some_and(|status| status & 64 == 0)
}

#[cfg(test)]
mod tests {
    use super::{says_chrony, says_kernel, says_systemd};

    #[test]
    fn each_witness_is_understood() {
        assert!(says_systemd("yes\n") && !says_systemd("no\n") && !says_systemd(""));
        let chrony = |status: &str| format!("Reference ID    : C0A80001 (192.168.0.1)\nLeap status     : {status}\n");
        assert!(says_chrony(&chrony("Normal")) && says_chrony(&chrony("Insert second")));
        assert!(!says_chrony(&chrony("Not synchronised")) && !says_chrony("506 Cannot talk to daemon\n"));
        assert!(says_kernel("         mode: 0\n       status: 8193\n"));
        assert!(!says_kernel("         mode: 0\n       status: 64\n") && !says_kernel(""));
    }
}
