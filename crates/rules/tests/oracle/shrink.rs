//! Makes a world smaller for as long as it still shows the same disagreement.

use crate::oracle::world::{Card, Person, World};

/// Leaves out one thing after the other while `still` holds.
pub fn shrink(world: &World, still: impl Fn(&World) -> bool) -> World {
    let mut smallest = world.clone();
    while let Some(smaller) = smaller(&smallest).into_iter().find(|world| *world != smallest && still(world)) {
        smallest = smaller;
    }
    smallest
}

/// Every world that has one thing less.
fn smaller(world: &World) -> Vec<World> {
    let mut worlds = Vec::new();
    let mut change = |change: &dyn Fn(&mut World)| {
        let mut changed = world.clone();
        change(&mut changed);
        worlds.push(changed);
    };
    each(world.standbys.len(), |place| change(&|world| without(&mut world.standbys, place)));
    each(world.acceptances.len(), |place| change(&|world| without(&mut world.acceptances, place)));
    each(world.locks.len(), |place| change(&|world| without(&mut world.locks, place)));
    change(&|world| world.in_use_by = None);
    if let Some(asked) = world.asked {
        each(world.machines[asked].requires.len(), |place| {
            change(&|world| without(&mut world.machines[asked].requires, place));
            each(world.machines[asked].requires[place].references.len(), |which| {
                change(&|world| {
                    let references = &mut world.machines[asked].requires[place].references;
                    if references.len() > 1 {
                        references.remove(which);
                    }
                });
            });
            change(&|world| world.machines[asked].requires[place].min_version = None);
        });
        change(&|world| world.machines[asked].min_age = None);
        change(&|world| world.machines[asked].members_only = Some(false));
        change(&|world| world.machines[asked].handover = false);
        let venue = world.machines[asked].venue;
        change(&|world| world.venues[venue].hours = None);
        each(7, |day| {
            change(&|world| {
                if let Some(hours) = &mut world.venues[venue].hours {
                    hours[day].pop();
                }
            });
        });
        each(world.venues[venue].closed.len(), |place| {
            change(&|world| without(&mut world.venues[venue].closed, place))
        });
    }
    each(world.references.len(), |place| {
        change(&|world| shorten(&mut world.references[place].prerequisites));
        change(&|world| world.references[place].oldest_valid_version = 1);
    });
    each(world.acceptances.len(), |place| {
        change(&|world| world.acceptances[place].min_version = None);
        change(&|world| world.acceptances[place].max_age_months = None);
        change(&|world| world.acceptances[place].handover = false);
    });
    change(&|world| {
        if let Card::Known { blocks, .. } = &mut world.reading.card {
            blocks.pop();
        }
    });
    if let Some(person) = &world.person {
        for person in smaller_people(person) {
            change(&|world| world.person = Some(person.clone()));
        }
    }
    each(world.standbys.len(), |place| {
        for person in smaller_people(&world.standbys[place].person) {
            change(&|world| world.standbys[place].person = person.clone());
        }
    });
    worlds
}

fn without<T>(list: &mut Vec<T>, place: usize) {
    list.remove(place);
}

fn shorten<T>(list: &mut Vec<T>) {
    list.pop();
}

fn each(count: usize, act: impl FnMut(usize)) {
    (0..count).for_each(act);
}

fn smaller_people(person: &Person) -> Vec<Person> {
    let mut people = Vec::new();
    let mut change = |change: &dyn Fn(&mut Person)| {
        let mut changed = person.clone();
        change(&mut changed);
        people.push(changed);
    };
    each(person.awards.len(), |place| {
        change(&|person| without(&mut person.awards, place));
        change(&|person| person.awards[place].valid_until = None);
        change(&|person| person.awards[place].revoked_at = None);
        change(&|person| person.awards[place].superseded_at = None);
        change(&|person| shorten(&mut person.awards[place].suspensions));
    });
    each(person.memberships.len(), |place| change(&|person| without(&mut person.memberships, place)));
    each(person.restrictions.len(), |place| change(&|person| without(&mut person.restrictions, place)));
    each(person.handovers.len(), |place| change(&|person| without(&mut person.handovers, place)));
    each(person.roles.len(), |place| change(&|person| without(&mut person.roles, place)));
    people
}
