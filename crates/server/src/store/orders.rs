//! Orders to controllers: rows until they are confirmed, refused or without purpose.

use tremen_rules::{ControllerId, MachineId, Time};
use tremen_wire::SessionId;

use super::tx::{Row, StoreError, Touched, Tx};
use crate::params;

/// An order to be given.
#[derive(Debug, Clone)]
pub struct NewOrder<'a> {
    /// To whom.
    pub controller: &'a ControllerId,
    /// What: stop, lock, unlock, identify.
    pub action: tremen_wire::Action,
    /// Which machine.
    pub machine: Option<&'a MachineId>,
    /// Which session.
    pub session: Option<SessionId>,
    /// Why, as a code.
    pub reason: Option<&'a str>,
    /// How to stop.
    pub stop: Option<tremen_wire::StopPolicy>,
    /// What the display says.
    pub lcd: Option<&'a [String; 2]>,
    /// The journal entry of the change that gave it.
    pub entry: i64,
}

/// An order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderRow {
    /// To whom.
    pub controller: ControllerId,
    /// Its number; grows per controller.
    pub number: u64,
    /// What.
    pub action: tremen_wire::Action,
    /// Which machine.
    pub machine: Option<MachineId>,
    /// Which session.
    pub session: Option<SessionId>,
    /// Why, as a code.
    pub reason: Option<String>,
    /// How to stop.
    pub stop: Option<tremen_wire::StopPolicy>,
    /// What the display says.
    pub lcd: Option<[String; 2]>,
    /// When it was given.
    pub at: Time,
    /// How often it was sent.
    pub tries: u32,
    /// How it was settled: confirmed, refused, obsolete.
    pub settled: Option<String>,
    /// When it was settled.
    pub settled_at: Option<Time>,
}

const ORDER: &str =
    "SELECT controller, number, action, machine, session, reason, stop, lcd, at, tries, settled, settled_at
    FROM orders";

fn read_order(row: &Row<'_, '_>) -> Result<OrderRow, StoreError> {
    let action: String = row.get(2)?;
    let lcd: Option<String> = row.get(7)?;
    Ok(OrderRow {
        controller: row.get(0)?,
        number: row.get(1)?,
        action: tremen_wire::Action::parse(&action)
            .ok_or_else(|| StoreError::Unreadable(format!("action {action}")))?,
        machine: row.get(3)?,
        session: row.get(4)?,
        reason: row.get(5)?,
        stop: row.get::<Option<String>>(6)?.as_deref().map(read_stop).transpose()?,
        lcd: lcd
            .map(|lcd| serde_json::from_str(&lcd))
            .transpose()
            .map_err(|error| StoreError::Unreadable(format!("lcd: {error}")))?,
        at: row.get(8)?,
        tries: row.get(9)?,
        settled: row.get(10)?,
        settled_at: row.get(11)?,
    })
}

/// `immediate`, `graceful:20`, `finish_job:1800`.
fn write_stop(stop: tremen_wire::StopPolicy) -> String {
    match stop {
        tremen_wire::StopPolicy::Immediate => "immediate".to_owned(),
        tremen_wire::StopPolicy::Graceful { seconds } => format!("graceful:{seconds}"),
        tremen_wire::StopPolicy::FinishJob { longest_s } => format!("finish_job:{longest_s}"),
    }
}

fn read_stop(text: &str) -> Result<tremen_wire::StopPolicy, StoreError> {
    let number = |text: &str| text.parse().map_err(|_| StoreError::Unreadable(format!("stop policy {text}")));
    match text.split_once(':') {
        None if text == "immediate" => Ok(tremen_wire::StopPolicy::Immediate),
        Some(("graceful", seconds)) => Ok(tremen_wire::StopPolicy::Graceful { seconds: number(seconds)? }),
        Some(("finish_job", longest)) => Ok(tremen_wire::StopPolicy::FinishJob { longest_s: number(longest)? }),
        _ => Err(StoreError::Unreadable(format!("stop policy {text}"))),
    }
}

impl Tx<'_> {
    /// Gives an order and tells its number. It is sent after the commit, until it is settled.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn add_order(&mut self, new: &NewOrder<'_>) -> Result<u64, StoreError> {
        let number = self.next_order_number(new.controller)?;
        let lcd = new.lcd.map(|lcd| serde_json::json!(lcd).to_string());
        self.execute(
            "INSERT INTO orders (controller, number, action, machine, session, reason, stop, lcd, at, entry, next_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $9)",
            params![
                new.controller,
                number,
                new.action.as_str(),
                new.machine.cloned(),
                new.session,
                new.reason,
                new.stop.map(write_stop),
                lcd,
                self.now(),
                new.entry
            ],
        )?;
        self.touch(Touched::Orders(new.controller.clone()));
        Ok(number)
    }

    /// One order.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn order(&self, controller: &ControllerId, number: u64) -> Result<Option<OrderRow>, StoreError> {
        self.query_one(
            &format!("{ORDER} WHERE controller = $1 AND number = $2"),
            params![controller, number],
            read_order,
        )
    }

    /// Orders that are due to be sent by now, the oldest first.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn orders_due(&self) -> Result<Vec<OrderRow>, StoreError> {
        self.query(
            &format!(
                "{ORDER} WHERE settled_at IS NULL AND next_at <= $1 ORDER BY next_at, controller, number LIMIT 1024"
            ),
            params![self.now()],
            read_order,
        )
    }

    /// When the next order is due to be sent.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn next_order_due(&self) -> Result<Option<Time>, StoreError> {
        let next = self.query_one("SELECT MIN(next_at) FROM orders WHERE settled_at IS NULL", params![], |row| {
            row.get::<Option<Time>>(0)
        })?;
        Ok(next.flatten())
    }

    /// Notes that an order was sent, and when it will be again.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn order_sent(&self, controller: &ControllerId, number: u64, next_at: Time) -> Result<(), StoreError> {
        self.execute(
            "UPDATE orders SET tries = tries + 1, next_at = $1
             WHERE controller = $2 AND number = $3 AND settled_at IS NULL",
            params![next_at, controller, number],
        )?;
        Ok(())
    }

    /// Makes all open orders of a controller due now.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn hasten_orders(&mut self, controller: &ControllerId) -> Result<(), StoreError> {
        let changed = self.execute(
            "UPDATE orders SET next_at = $1, tries = 0 WHERE controller = $2 AND settled_at IS NULL",
            params![self.now(), controller],
        )?;
        if changed > 0 {
            self.touch(Touched::Orders(controller.clone()));
        }
        Ok(())
    }

    /// Makes all open orders due now, as when the broker can be reached again.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn hasten_all_orders(&mut self) -> Result<(), StoreError> {
        self.execute("UPDATE orders SET next_at = $1, tries = 0 WHERE settled_at IS NULL", params![self.now()])?;
        Ok(())
    }

    /// Settles an order; false when it is none or settled already.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn settle_order(&mut self, controller: &ControllerId, number: u64, how: &str) -> Result<bool, StoreError> {
        let changed = self.execute(
            "UPDATE orders SET settled = $1, settled_at = $2
             WHERE controller = $3 AND number = $4 AND settled_at IS NULL",
            params![how, self.now(), controller, number],
        )?;
        if changed == 1 {
            self.touch(Touched::Orders(controller.clone()));
        }
        Ok(changed == 1)
    }

    /// Leaves out the open stop orders of a session that is over.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn drop_stop_orders(&mut self, session: SessionId) -> Result<(), StoreError> {
        self.execute(
            "UPDATE orders SET settled = 'obsolete', settled_at = $1 WHERE session = $2 AND settled_at IS NULL",
            params![self.now(), session],
        )?;
        Ok(())
    }

    /// Leaves out the open orders of a controller about a machine that a newer order replaces.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn drop_lock_orders(&mut self, controller: &ControllerId, machine: &MachineId) -> Result<(), StoreError> {
        self.execute(
            "UPDATE orders SET settled = 'obsolete', settled_at = $1
             WHERE controller = $2 AND machine = $3 AND action IN ('lock', 'unlock') AND settled_at IS NULL",
            params![self.now(), controller, machine],
        )?;
        Ok(())
    }

    /// The orders to a controller after a number, settled or not.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn orders_after(
        &self,
        controller: &ControllerId,
        number: u64,
        limit: u32,
    ) -> Result<Vec<OrderRow>, StoreError> {
        self.query(
            &format!("{ORDER} WHERE controller = $1 AND number > $2 ORDER BY number LIMIT $3"),
            params![controller, number, limit],
            read_order,
        )
    }

    /// The orders that one change gave, by its journal entry.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn orders_of_entry(&self, entry: i64) -> Result<Vec<OrderRow>, StoreError> {
        self.query(&format!("{ORDER} WHERE entry = $1 ORDER BY controller, number"), params![entry], read_order)
    }

    /// The open orders of a controller, the oldest first.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn open_orders(&self, controller: &ControllerId) -> Result<Vec<OrderRow>, StoreError> {
        self.query(
            &format!("{ORDER} WHERE controller = $1 AND settled_at IS NULL ORDER BY number"),
            params![controller],
            read_order,
        )
    }
}
