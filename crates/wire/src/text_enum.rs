//! Enums that travel as a text. Start at the macro; it must never accept a spelling that it does not write.

/// Defines an enum with one spelling for each variant, `as_str`, `parse`, `ALL` and `Display`.
macro_rules! text_enum {
    ($(#[$about:meta])* pub enum $name:ident { $($(#[$what:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$what])* $variant,)+ }

        impl $name {
            /// All of them, in the order of the protocol's page.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The text that stands for it on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// The one that a text stands for, if it stands for any.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                match text {
                    $($text => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, to: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                to.write_str(self.as_str())
            }
        }

        impl $crate::fields::Content for $name {
            fn read(value: &$crate::fields::Value, _: $crate::Profile) -> Option<Self> {
                value.as_text().and_then(Self::parse)
            }

            fn write(&self, _: $crate::Profile) -> $crate::fields::Value {
                $crate::fields::Value::Text(self.as_str().into())
            }
        }
    };
}
