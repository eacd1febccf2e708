//! Who may do what.
//!
//! Start at [`may`], then [`powers`], which is the table of `product.md` in code. It says what a role allows; whether the
//! change itself makes sense is for [`awarding`](crate::awarding) and the flows. Flows ask here before they write, and pages
//! before they offer.

pub use crate::act::Act;
use crate::counting::{Ask, Counting};
use crate::dossier::{HeldRole, Level, PersonFacts, Role, Scope};
use crate::ids::{IssuerId, MachineId, ReferenceId, VenueId};
use crate::network::{FourEyes, Hazard, Network};
use crate::time::Time;

/// Something that allows an act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Power {
    /// Being the person that it is about.
    Themself,
    /// A role over a scope.
    Held(Role, Scope),
    /// A role over any venue.
    AtAnyVenue(Role),
    /// The role of trainer at a venue, and a level 3 that counts there.
    TrainerHolding(VenueId, ReferenceId),
}

impl core::fmt::Display for Power {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Themself => f.write_str("the person themself"),
            Self::Held(role, scope) => write!(f, "{} of {scope}", role.as_str()),
            Self::AtAnyVenue(role) => write!(f, "{} of any venue", role.as_str()),
            Self::TrainerHolding(venue, reference) => {
                write!(f, "trainer of venue:{venue} with a level 3 of `{reference}` that counts there")
            }
        }
    }
}

/// Why somebody may not do something.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Forbidden {
    /// Another person has to do it.
    #[error("nobody {0} for themself: another person has to")]
    ForOneself(&'static str),
    /// A role is missing.
    #[error("only for {}", list(.0))]
    Needs(Vec<Power>),
    /// It is not for anybody to do.
    #[error("{0}")]
    Nobody(String),
}

fn list(powers: &[Power]) -> String {
    powers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", or ")
}

/// Answers whether somebody may do something at `now`.
///
/// # Errors
/// [`Forbidden`] says which role would be needed.
pub fn may(actor: &PersonFacts, act: &Act, network: &Network, now: Time) -> Result<(), Forbidden> {
    if let Some(what) = act.not_for_oneself(&actor.person) {
        return Err(Forbidden::ForOneself(what));
    }
    let powers = powers(act, network)?;
    if powers.iter().any(|power| has(actor, power, act, network, now)) { Ok(()) } else { Err(Forbidden::Needs(powers)) }
}

/// Whether an act waits for a second person's confirmation, as the network wishes.
#[must_use]
pub fn needs_second_person(act: &Act, network: &Network) -> bool {
    let (Act::Award { reference, level, .. } | Act::Renew { reference, level, .. }) = act else { return false };
    network.settings.four_eyes.iter().any(|wish| match wish {
        FourEyes::Level3 => *level == Level::Trainer,
        // of a reference that nobody knows the hazard is not known either
        FourEyes::Red => network.references.get(reference).is_none_or(|known| known.hazard == Hazard::Red),
    })
}

/// Everything that allows an act, any of which suffices: the table of `product.md`.
///
/// # Errors
/// [`Forbidden::Nobody`] where nothing allows it.
pub fn powers(act: &Act, network: &Network) -> Result<Vec<Power>, Forbidden> {
    use Role::{Auditor, Manager, NetworkAdmin, Referent, Trainer};
    let admin = || Power::Held(NetworkAdmin, Scope::Network);
    let at = |role: Role, venue: &VenueId| Power::Held(role, Scope::Venue(venue.clone()));
    let on = |machine: &MachineId| Power::Held(Referent, Scope::Machine(machine.clone()));
    Ok(match act {
        Act::Award { reference, level, issuer, .. } | Act::Renew { reference, level, issuer, .. } => {
            let mut powers = issuers_people(issuer, network)?;
            if *level < Level::Trainer {
                let trainers = venues_of(issuer, network);
                powers.extend(trainers.map(|venue| Power::TrainerHolding(venue.clone(), reference.clone())));
            }
            powers
        }
        Act::Suspend { issuer, .. } | Act::Resume { issuer, .. } | Act::Revoke { issuer, .. } => {
            issuers_people(issuer, network)?
        }
        Act::Restrict { scope, .. } | Act::EndRestriction { scope, .. } => match scope {
            Scope::Venue(venue) => vec![at(Manager, venue)],
            Scope::Machine(machine) => vec![at(Manager, venue_of(machine, network)?)],
            // it reaches other venues' machines, which no manager answers for
            Scope::Network | Scope::Reference(_) => vec![admin()],
            Scope::Issuer(_) => return Err(Forbidden::Nobody("nobody is restricted to an issuer".to_owned())),
        },
        Act::AskForReview { .. } => vec![Power::Themself, Power::AtAnyVenue(Manager)],
        Act::BlockCard { .. } | Act::AttachCard { .. } | Act::ReadContact { .. } => {
            vec![Power::Themself, Power::AtAnyVenue(Manager)]
        }
        Act::UnblockCard { .. } | Act::KeepPerson { .. } => vec![Power::AtAnyVenue(Manager)],
        Act::ErasePerson { .. } => vec![Power::Themself, admin()],
        Act::LockMachine { machine } | Act::UnlockMachine { machine } | Act::RecordIncident { machine } => {
            vec![on(machine), at(Manager, venue_of(machine, network)?)]
        }
        Act::Handover { machine, .. } => {
            let venue = venue_of(machine, network)?;
            vec![on(machine), at(Trainer, venue), at(Manager, venue)]
        }
        Act::GrantRole { role: Role::IssuerAgent, scope: Scope::Issuer(issuer), .. }
            if venues_of(issuer, network).next().is_some() =>
        {
            let problem = format!("`{issuer}` is a venue's own issuer: its managers award for it, not agents");
            return Err(Forbidden::Nobody(problem));
        }
        Act::GrantRole { role, scope, .. } => powers_over_role(*role, scope, network)?,
        Act::EndRole { role, scope, .. } => {
            let mut powers = powers_over_role(*role, scope, network)?;
            powers.push(Power::Themself);
            powers
        }
        Act::Membership { venue } | Act::PlanTraining { venue } => vec![at(Manager, venue)],
        Act::Apply | Act::ChangeNetwork | Act::Operate => vec![admin()],
        Act::ChangeVenue { venue } | Act::ProvisionController { venue } => vec![at(Manager, venue), admin()],
        Act::EndSession { venue, .. } => vec![Power::Themself, at(Trainer, venue), at(Manager, venue)],
        Act::ReadPerson { .. } => vec![
            Power::Themself,
            Power::AtAnyVenue(Manager),
            Power::AtAnyVenue(Trainer),
            Power::AtAnyVenue(Auditor),
            admin(),
            Power::Held(Auditor, Scope::Network),
        ],
        Act::ReadMachine { machine } => {
            let venue = venue_of(machine, network)?;
            vec![on(machine), at(Manager, venue), at(Auditor, venue), Power::Held(Auditor, Scope::Network)]
        }
        Act::ReadJournal { venue: Some(venue) } => {
            vec![at(Manager, venue), at(Auditor, venue), Power::Held(Auditor, Scope::Network)]
        }
        Act::ReadControllers { venue } => {
            vec![at(Manager, venue), at(Auditor, venue), admin(), Power::Held(Auditor, Scope::Network)]
        }
        // who has a token or a login may do what its person may do, so nobody makes either for somebody else
        Act::MakeToken { .. } | Act::MakeLoginLink { .. } => vec![Power::Themself],
        Act::EndToken { .. } | Act::EndLogin { .. } => vec![Power::Themself, admin()],
        Act::ReadJournal { venue: None } => vec![Power::Held(Auditor, Scope::Network)],
    })
}

fn powers_over_role(role: Role, scope: &Scope, network: &Network) -> Result<Vec<Power>, Forbidden> {
    let admin = Power::Held(Role::NetworkAdmin, Scope::Network);
    let manager = |venue: &VenueId| Power::Held(Role::Manager, Scope::Venue(venue.clone()));
    Ok(match (role, scope) {
        (Role::Trainer, Scope::Venue(venue)) => vec![manager(venue)],
        (Role::Referent, Scope::Machine(machine)) => vec![manager(venue_of(machine, network)?)],
        (Role::IssuerAgent, Scope::Issuer(_))
        | (Role::Manager | Role::Auditor, Scope::Venue(_))
        | (Role::NetworkAdmin | Role::Auditor, Scope::Network) => vec![admin],
        (Role::Trainer | Role::Manager, _) => return Err(no_such_role(role, "a venue")),
        (Role::Referent, _) => return Err(no_such_role(role, "a machine")),
        (Role::IssuerAgent, _) => return Err(no_such_role(role, "an issuer")),
        (Role::NetworkAdmin, _) => return Err(no_such_role(role, "the network")),
        (Role::Auditor, _) => return Err(no_such_role(role, "the network or a venue")),
    })
}

fn no_such_role(role: Role, over: &str) -> Forbidden {
    Forbidden::Nobody(format!("the role `{}` is held over {over} only", role.as_str()))
}

/// Those who award at every level, suspend and revoke for an issuer: its venues' managers, or its agents.
fn issuers_people(issuer: &IssuerId, network: &Network) -> Result<Vec<Power>, Forbidden> {
    if !network.issuers.contains_key(issuer) {
        return Err(Forbidden::Nobody(format!("no issuer has the id `{issuer}`")));
    }
    let managers = venues_of(issuer, network).map(|venue| Power::Held(Role::Manager, Scope::Venue(venue.clone())));
    let managers: Vec<_> = managers.collect();
    let agents = || vec![Power::Held(Role::IssuerAgent, Scope::Issuer(issuer.clone()))];
    Ok(if managers.is_empty() { agents() } else { managers })
}

/// The venues whose own issuer this is.
fn venues_of<'n>(issuer: &'n IssuerId, network: &'n Network) -> impl Iterator<Item = &'n VenueId> {
    network.venues.values().filter(move |venue| venue.issuer.as_ref() == Some(issuer)).map(|venue| &venue.id)
}

fn venue_of<'n>(machine: &MachineId, network: &'n Network) -> Result<&'n VenueId, Forbidden> {
    let unknown = || Forbidden::Nobody(format!("no machine has the id `{machine}`"));
    network.machines.get(machine).map(|known| &known.venue).ok_or_else(unknown)
}

fn has(actor: &PersonFacts, power: &Power, act: &Act, network: &Network, now: Time) -> bool {
    let mut roles = actor.roles.iter().filter(|held| held.span.covers(now));
    match power {
        Power::Themself => act.about() == Some(&actor.person),
        Power::Held(role, scope) => roles.any(|held| held.role == *role && held.scope == *scope),
        Power::AtAnyVenue(role) => roles.any(|held| held.role == *role && matches!(held.scope, Scope::Venue(_))),
        Power::TrainerHolding(venue, reference) => {
            let is_trainer =
                |held: &HeldRole| held.role == Role::Trainer && matches!(&held.scope, Scope::Venue(id) if id == venue);
            let counting = network.venues.get(venue).map(|venue| Counting { network, venue, person: actor });
            roles.any(is_trainer)
                && counting
                    .is_some_and(|counting| counting.meets(&Ask::reference(reference, Level::Trainer), now).is_ok())
        }
    }
}
