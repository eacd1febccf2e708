//! `POST /api/v1/controllers/{id}/rotate`: the flow `rotate_controller`.

use super::super::call::Caller;
use super::super::page::told;
use super::super::problem::Problem;
use super::super::write::{Done, Why};
use super::{Secrets, in_path};
use crate::flows::rotate_controller;
use crate::keys::hex;
use crate::store::Tx;

/// Gives a controller new secrets.
pub(super) fn run(tx: &mut Tx<'_>, caller: &Caller<'_>, body: Why) -> Result<Done, Problem> {
    let made = rotate_controller::run(tx, &caller.warrant(body.reason), &in_path(caller)?)?;
    let secrets = Secrets {
        entry: made.effects.entry,
        controller: made.controller.to_string(),
        password: made.password,
        key: made.key.map(|key| hex(&key)),
    };
    Ok(Done { answer: told(&secrets), ..Done::changed(made.effects) })
}
