//! The parameters of a query: what each means and the form that it takes. What is described is what is held. Start at
//! [`Parameter`].

use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};

/// One parameter of a query.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Parameter {
    pub name: &'static str,
    /// What it means.
    pub what: &'static str,
    pub form: Form,
}

/// The form of a parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Form {
    /// Any text.
    Text,
    /// `true` or `false`.
    Flag,
    /// A whole number within bounds, both included.
    Whole { least: i64, most: i64 },
}

/// The number of an entry of the journal.
pub(super) const ENTRY: Form = Form::Whole { least: 0, most: i64::MAX };

impl Parameter {
    /// Any text.
    pub(super) const fn text(name: &'static str, what: &'static str) -> Self {
        Self::of(name, what, Form::Text)
    }

    /// A parameter that may be left out.
    pub(super) const fn of(name: &'static str, what: &'static str, form: Form) -> Self {
        Self { name, what, form }
    }
}

impl Form {
    /// Why a text is not of this form.
    pub(super) fn fault(self, text: &str) -> Option<String> {
        match self {
            Self::Text => None,
            Self::Flag => (!matches!(text, "true" | "false")).then(|| format!("`{text}` is not `true` or `false`")),
            Self::Whole { least, most } => {
                let good = text.parse().is_ok_and(|number: i64| (least..=most).contains(&number));
                (!good).then(|| format!("`{text}` is not a whole number from {least} to {most}"))
            }
        }
    }

    /// The form as OpenAPI describes it.
    pub(super) fn schema(self) -> Schema {
        let of = |kind| ObjectBuilder::new().schema_type(SchemaType::new(kind));
        match self {
            Self::Text => of(Type::String),
            Self::Flag => of(Type::Boolean),
            Self::Whole { least, most } => of(Type::Integer).minimum(Some(least)).maximum(Some(most)),
        }
        .into()
    }
}

#[cfg(test)]
mod tests {
    use super::Form;

    #[test]
    fn what_is_not_of_the_form_is_told_with_what_is_allowed() {
        let limit = Form::Whole { least: 1, most: 200 };
        for (text, good) in [("1", true), ("200", true), ("0", false), ("201", false), ("1.5", false), ("", false)] {
            assert_eq!(limit.fault(text).is_none(), good, "{text}");
        }
        assert_eq!(Form::Flag.fault("yes").unwrap(), "`yes` is not `true` or `false`");
    }
}
