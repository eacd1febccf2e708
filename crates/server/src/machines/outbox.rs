//! Orders on their way: sent after the commit that gave them, and again until each is settled.

use std::sync::Arc;
use std::time::Duration;

use tremen_rules::Time;
use tremen_wire::{Down, Link, Order};

use super::client::Client;
use super::keyring::Keyring;
use super::next;
use crate::store::{OrderRow, Store, StoreError, Touched};

/// An order is sent again after 1, 2, 4 ... 60 s.
const LONGEST_WAIT_S: i64 = 60;

/// An order as it travels.
pub(super) fn to_wire(order: &OrderRow, link: Option<Link>) -> Order {
    Order {
        link,
        number: order.number,
        action: order.action,
        machine: order.machine.as_ref().map(ToString::to_string),
        session: order.session,
        stop: order.stop,
        reason: order.reason.clone(),
        lcd: order.lcd.clone(),
        detail: None,
    }
}

/// Sends orders as they fall due.
pub(super) async fn run(store: Store, keyring: Arc<Keyring>, client: Client) {
    let mut touched = store.touched();
    let mut connected = client.connected();
    let mut lost = false;
    loop {
        let due = send_due(&store, &keyring, &client).await.unwrap_or_else(|error| {
            tracing::error!(%error, "orders could not be read; tries again");
            Some(store.now().plus_seconds(1))
        });
        let sleep = due.map_or(Duration::from_secs(3600), |due| until(&store, due));
        let timer = tokio::time::sleep(sleep);
        tokio::pin!(timer);
        loop {
            tokio::select! {
                () = &mut timer => break,
                changed = connected.changed() => {
                    if changed.is_err() { return; }
                    let stands = *connected.borrow_and_update();
                    // At the first connection controllers take their links up, which sends their orders.
                    if !stands {
                        lost = true;
                    } else if std::mem::take(&mut lost) {
                        if let Err(error) = store.write(|tx| tx.hasten_all_orders()).await {
                            tracing::error!(%error, "orders wait for their next turn after a lost connection");
                        }
                        break;
                    }
                }
                what = next(&mut touched) => match what {
                    Some(Touched::Orders(_) | Touched::Everything) => break,
                    Some(Touched::Machine(_) | Touched::Answer(_) | Touched::Sessions | Touched::Network | Touched::Credentials(_)) => {}
                    None => return,
                },
            }
        }
    }
}

/// How long until an instant of the store's clock.
pub(super) fn until(store: &Store, due: Time) -> Duration {
    Duration::from_millis(u64::try_from(due.since(store.now())).unwrap_or(0))
}

/// Sends what is due, and tells when the next is.
async fn send_due(store: &Store, keyring: &Keyring, client: &Client) -> Result<Option<Time>, StoreError> {
    let (orders, mut due) = store
        .read(|tx| {
            let orders = tx.orders_due()?;
            let links = orders.iter().map(|order| tx.current_link(&order.controller)).collect::<Result<Vec<_>, _>>()?;
            let due = tx.next_order_due()?;
            Ok::<_, StoreError>((orders.into_iter().zip(links).collect::<Vec<_>>(), due))
        })
        .await?;
    if orders.is_empty() {
        return Ok(due);
    }
    for (order, link) in &orders {
        // Without a link a sealed order would not be heard: it goes out when the controller takes one up.
        let Some(known) = keyring.get(order.controller.as_str()) else { continue };
        if link.is_some() || known.sender.profile == tremen_rules::network::Profile::Plain {
            let down = Down::Order(to_wire(order, *link));
            client.publish(
                &down.channel().topic(&known.wire_id),
                down.encode(&known.wire_id, known.protection()),
                false,
            );
        }
    }
    // A crash before this commit sends them once more, which does no harm.
    due = store
        .write(move |tx| {
            for (order, link) in &orders {
                if tx.current_link(&order.controller)? != *link {
                    continue; // another link was taken up meanwhile: it goes out once more, in that one
                }
                let wait_s = 1_i64.checked_shl(order.tries).unwrap_or(LONGEST_WAIT_S).clamp(1, LONGEST_WAIT_S);
                tx.order_sent(&order.controller, order.number, tx.now().plus_seconds(wait_s))?;
            }
            tx.next_order_due()
        })
        .await?;
    Ok(due)
}
