//! The rules of a run and of groups, apart from any store.

use tidewaiter::run::{Generations, Group};
use tidewaiter::sequence::{GroupRef, GroupRule};

fn member(slot: u8, rule: GroupRule) -> Group {
    Group { group: GroupRef { id: "daily".to_owned(), last: 2, generation: 0 }, slot, rule, late: false }
}

#[test]
fn the_file_that_fills_the_last_slot_brings_the_rule() {
    let mut daily = Generations::default();
    for (slot, rule) in [(2, GroupRule::Sequential), (2, GroupRule::AllOrNothing)] {
        daily.join(&mut member(slot, rule));
        assert_eq!((daily.missing(2), daily.rule), (vec![1], None), "one slot, however many files");
    }
    daily.join(&mut member(1, GroupRule::AllOrNothing));
    daily.join(&mut member(1, GroupRule::Sequential));
    assert_eq!((daily.missing(2), daily.rule), (vec![], Some(GroupRule::AllOrNothing)));
}

#[test]
fn a_complete_group_does_not_expire() {
    let mut daily = Generations::default();
    let mut first = member(1, GroupRule::Sequential);
    daily.join(&mut first);
    let incomplete = daily.clone();
    daily.join(&mut member(2, GroupRule::Sequential));
    assert!(!daily.expire(&first.group), "its files are imported, not set aside");

    let mut daily = incomplete;
    assert!(daily.expire(&first.group));
    assert!(!daily.expire(&first.group), "once");
    assert_eq!((daily.open, daily.missing(2)), (2, vec![1, 2]), "the next generation begins empty");
}

#[test]
fn a_file_is_late_while_an_earlier_generation_runs() {
    let mut daily = Generations::default();
    assert!(daily.seal(1));
    assert!(!daily.seal(1), "once");
    let mut late = member(1, GroupRule::Sequential);
    daily.join(&mut late);
    assert_eq!((late.group.generation, late.late), (2, true));
    assert!(daily.close(1));
    assert!(!daily.close(1), "once");
    let mut in_time = member(1, GroupRule::Sequential);
    daily.join(&mut in_time);
    assert_eq!((in_time.group.generation, in_time.late), (2, false));
}
