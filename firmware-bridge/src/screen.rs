//! What people see: the display's two lines, and the relay, as text. A screen that is gone stops nothing.

use std::fmt;
use std::io::Write;

/// A place for text.
pub struct Screen(Box<dyn Write + Send>);

impl fmt::Debug for Screen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Screen")
    }
}

impl Screen {
    /// Writes to this from now on.
    #[must_use]
    pub fn new(to: impl Write + Send + 'static) -> Self {
        Self(Box::new(to))
    }

    /// Shows the two lines of a display.
    pub fn lcd(&mut self, [first, second]: &[String; 2]) {
        let edge = "-".repeat(22);
        self.write(&format!("+{edge}+\n| {first:<20} |\n| {second:<20} |\n+{edge}+\n"));
    }

    /// Shows one line.
    pub fn line(&mut self, text: &str) {
        self.write(&format!("{text}\n"));
    }

    fn write(&mut self, text: &str) {
        // Nobody may be looking, as when the output is a pipe that was closed.
        let _ = self.0.write_all(text.as_bytes()).and_then(|()| self.0.flush());
    }
}
