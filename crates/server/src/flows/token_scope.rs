//! What a token may be used for: a few words, each a part of what its person may do. Start at [`TokenScope`].

use std::collections::BTreeSet;

use tremen_files::nearest::did_you_mean;

/// One word of what a token may be used for. It narrows its person's rights and never adds one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TokenScope {
    /// Read what the person may read, what happened aside; ask for explanations.
    Read,
    /// Read what happened: journal, events, decisions.
    Journal,
    /// Award, renew, suspend, resume, revoke.
    Awards,
    /// Restrict people and lift restrictions.
    Restrictions,
    /// Lock and unlock machines, record handovers, stop sessions.
    Machines,
    /// Enter and correct people, their cards and memberships.
    People,
    /// Give and end roles.
    Roles,
    /// Give controllers their secrets, retire them.
    Controllers,
}

impl TokenScope {
    /// All, in the order in which they are told.
    pub const ALL: [Self; 8] = [
        Self::Read,
        Self::Journal,
        Self::Awards,
        Self::Restrictions,
        Self::Machines,
        Self::People,
        Self::Roles,
        Self::Controllers,
    ];

    /// As it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Journal => "journal",
            Self::Awards => "awards",
            Self::Restrictions => "restrictions",
            Self::Machines => "machines",
            Self::People => "people",
            Self::Roles => "roles",
            Self::Controllers => "controllers",
        }
    }

    /// Reads one.
    ///
    /// # Errors
    /// What is allowed, as a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text).ok_or_else(|| {
            let names = Self::ALL.map(Self::as_str);
            format!("`{text}` is not a scope: {}{}", names.join(", "), did_you_mean(text, names))
        })
    }

    /// Reads what [`TokenScope::list`] wrote; a word that this Tremen does not know gives nothing.
    #[must_use]
    pub fn read_list(text: &str) -> BTreeSet<Self> {
        text.split(' ').filter_map(|word| Self::parse(word).ok()).collect()
    }

    /// Writes several, with a space between.
    #[must_use]
    pub fn list(scopes: &BTreeSet<Self>) -> String {
        scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::TokenScope;

    #[test]
    fn each_scope_is_read_as_it_is_written_and_a_slip_is_named() {
        for scope in TokenScope::ALL {
            assert_eq!(TokenScope::parse(scope.as_str()), Ok(scope));
        }
        assert!(TokenScope::parse("award").unwrap_err().ends_with("did you mean `awards`?"));
        let all = TokenScope::ALL.into_iter().collect();
        assert_eq!(TokenScope::read_list(&TokenScope::list(&all)), all);
        assert_eq!(TokenScope::read_list("everything"), [].into());
    }
}
