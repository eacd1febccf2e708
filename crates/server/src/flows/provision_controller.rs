//! Gives a controller its first secrets, and declares it where the network file does not. Start at [`run`].
//!
//! A secret is told once, here; the store keeps the key encrypted and of the password a keyed hash.

use serde_json::json;
use tremen_rules::ControllerId;
use tremen_rules::authority::Act;
use tremen_rules::network::{Controller, Profile};

use super::{Effects, FlowError, Warrant, checks, network};
use crate::keys::{Keys, base32};
use crate::store::Tx;

/// Which controller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// One that is declared.
    Declared(ControllerId),
    /// One that is to be declared with it.
    New(Controller),
}

/// New secrets of a controller.
#[derive(Clone, PartialEq, Eq)]
pub struct Provisioned {
    /// Whose; also its MQTT user name and client id.
    pub controller: ControllerId,
    /// Its MQTT password.
    pub password: String,
    /// The key of its seals; none in the plain profile.
    pub key: Option<[u8; 32]>,
    /// How often it got secrets.
    pub version: u32,
    /// What it did beside.
    pub effects: Effects,
}

impl std::fmt::Debug for Provisioned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Provisioned").field("controller", &self.controller).finish_non_exhaustive()
    }
}

/// The keyed hash of a controller's password, by which it is checked.
#[must_use]
pub fn password_tag(keys: &Keys, password: &str) -> [u8; 16] {
    keys.tag("password", password.as_bytes())
}

/// Gives a controller its first secrets.
///
/// # Errors
/// When the author may not, it has secrets already, its declaration is flawed, or the store fails.
pub fn run(tx: &mut Tx<'_>, warrant: &Warrant, request: &Request) -> Result<Provisioned, FlowError> {
    let in_force = network(tx)?;
    let controller = match request {
        Request::Declared(id) => checks::controller(&in_force, id)?.clone(),
        Request::New(new) => new.clone(),
    };
    let act = Act::ProvisionController { venue: controller.venue.clone() };
    checks::allowed(tx, warrant, &act, &in_force)?;
    if tx.credential_version(&controller.id)?.is_some() {
        let problem = format!(
            "controller `{0}` has secrets already: `tremen controller rotate {0}` gives it new ones",
            controller.id
        );
        return Err(FlowError::Refused(problem));
    }
    let is_new = matches!(request, Request::New(_));
    if is_new && in_force.controllers.contains_key(&controller.id) {
        return Err(FlowError::Refused(format!("controller `{}` is declared already", controller.id)));
    }
    let story = json!({ "controller": controller.id, "venue": controller.venue, "declared": is_new });
    let entry = tx.record("controller_provisioned", &warrant.story(story))?;
    if is_new {
        let mut with_it = (*in_force).clone();
        with_it.controllers.insert(controller.id.clone(), controller.clone());
        super::apply_network::checked(&with_it)?;
        tx.declare(&with_it, entry, "page")?;
    }
    new_secrets(tx, &controller, entry)
}

/// Draws new secrets for a controller, which end the old ones: what was sealed with the old key opens no more, so that it
/// need not be known again.
pub(super) fn new_secrets(tx: &mut Tx<'_>, controller: &Controller, entry: i64) -> Result<Provisioned, FlowError> {
    let key = match controller.profile {
        Profile::Sealed => Some(tx.random::<32>()),
        Profile::Plain => None,
    };
    let password = base32(&tx.random::<20>()); // 160 bits
    let tag = password_tag(tx.keys(), &password);
    let version = tx.put_credential(&controller.id, key.as_ref(), &tag)?;
    tx.forget_challenges(&controller.id, None, u32::MAX)?;
    let effects = Effects { entry, stopped: Vec::new() };
    Ok(Provisioned { controller: controller.id.clone(), password, key, version, effects })
}

#[cfg(test)]
mod tests {
    use tremen_rules::network::{Controller, Profile};

    use super::{Request, password_tag, run};
    use crate::flows::rehearsal::{Stage, id, operator};
    use crate::flows::{apply_network, replace_controller, retire_controller, rotate_controller};

    /// The sample network, its controllers without secrets.
    fn stage() -> Stage {
        let stage = Stage::empty();
        stage.change(|tx| {
            let network = crate::flows::rehearsal::sample_network();
            apply_network::run(tx, &operator(), &apply_network::Request { network, prune: false, side: None }).unwrap();
        });
        stage
    }

    #[test]
    fn secrets_are_told_once_and_kept_encrypted() {
        let stage = stage();
        let request = Request::Declared(id("ubo-laser"));
        let told = stage.write(move |tx| run(tx, &operator(), &request)).unwrap();
        assert_eq!((told.version, told.password.len()), (1, 32));
        let kept = stage.read(|tx| tx.credential(&id("ubo-laser"))).unwrap();
        assert_eq!(kept.key, told.key);
        assert!(kept.key.is_some(), "a sealed controller has a key");
        assert_eq!(kept.password, password_tag(stage.store.keys(), &told.password));
        assert!(!format!("{told:?}").contains(&told.password));
        let entry = stage.last_entry();
        assert_eq!(entry.kind, "controller_provisioned");
        assert!(!entry.body.unwrap().to_string().contains(&told.password));
        let again = Request::Declared(id("ubo-laser"));
        assert!(
            stage.write(move |tx| run(tx, &operator(), &again)).unwrap_err().to_string().contains("rotate ubo-laser")
        );
        let plain = Request::Declared(id("ponant-laser"));
        assert_eq!(stage.write(move |tx| run(tx, &operator(), &plain)).unwrap().key, None);
    }

    #[test]
    fn a_new_controller_is_declared_with_its_secrets_or_not_at_all() {
        let stage = stage();
        let new = |machine: &str| Controller {
            id: id("ubo-laser-2"),
            venue: id("ubo"),
            machines: vec![id(machine)],
            profile: Profile::Sealed,
        };
        let (bad, good) = (Request::New(new("prusa-1")), Request::New(new("trotec-speedy")));
        assert!(stage.write(move |tx| run(tx, &operator(), &bad)).unwrap_err().to_string().contains("prusa-1"));
        assert!(stage.read(|tx| tx.network()).network.controllers.len() == 4);
        let done = stage.write(move |tx| run(tx, &operator(), &good));
        // whether two controllers may serve one machine is for the network's rules to say
        if let Ok(told) = done {
            assert_eq!(told.version, 1);
            assert_eq!(stage.read(|tx| tx.network()).network.controllers.len(), 5);
        }
    }

    #[test]
    fn rotating_ends_the_old_secrets_and_retiring_all() {
        let stage = stage();
        let first = stage.write(|tx| rotate_controller::run(tx, &operator(), &id("ubo-laser"))).unwrap();
        let second = stage.write(|tx| rotate_controller::run(tx, &operator(), &id("ubo-laser"))).unwrap();
        assert_eq!((first.version, second.version), (1, 2));
        assert_ne!(first.key, second.key);
        assert_eq!(stage.read(|tx| tx.credential(&id("ubo-laser"))).unwrap().key, second.key);
        stage.write(|tx| retire_controller::run(tx, &operator(), &id("ubo-laser"))).unwrap();
        assert_eq!(stage.read(|tx| tx.credential(&id("ubo-laser"))), None);
        assert_eq!(stage.last_entry().kind, "controller_retired");
        let refused = stage.write(|tx| retire_controller::run(tx, &operator(), &id("ubo-laser"))).unwrap_err();
        assert!(refused.to_string().contains("has no secrets"));
    }

    #[test]
    fn a_new_device_forgets_the_old_ones_links_and_learns_of_locks() {
        let stage = stage();
        stage.change(|tx| {
            rotate_controller::run(tx, &operator(), &id("ubo-laser")).unwrap();
            tx.add_link(&id("ubo-laser"), tremen_wire::Link([1; 8]), tremen_wire::Challenge([2; 16]), &[], 8).unwrap();
            tx.take_up_link(&id("ubo-laser"), 1).unwrap();
            tx.add_lock(&id("trotec-speedy"), None, "a rehearsal").unwrap();
        });
        let told = stage.write(|tx| replace_controller::run(tx, &operator(), &id("ubo-laser"))).unwrap();
        assert_eq!(told.version, 2);
        assert_eq!(stage.read(|tx| tx.current_link(&id("ubo-laser"))), None);
        assert_eq!(stage.read(|tx| tx.open_orders(&id("ubo-laser")))[0].action, tremen_wire::Action::Lock);
    }

    #[test]
    fn retiring_stops_what_runs_through_it_and_a_stranger_may_not() {
        let stage = Stage::sample();
        stage.session("trotec-speedy", "p-anna", None);
        let by = stage.by("p-anna");
        let refused = stage.write(move |tx| retire_controller::run(tx, &by, &id("ubo-laser"))).unwrap_err();
        assert!(refused.to_string().contains("manager of venue:ubo"));
        let by = stage.by("p-maiwenn");
        let effects = stage.write(move |tx| retire_controller::run(tx, &by, &id("ubo-laser"))).unwrap();
        assert_eq!(effects.stopped[0].reason, "controller_not_trusted");
    }
}
