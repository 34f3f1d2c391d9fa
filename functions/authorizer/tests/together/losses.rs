//! What becomes of a call where each of its writes meets the same fault.

use crate::{
    faults::{Fault, Faults},
    fleet::Fleet,
    outcome::Outcome,
    quota::quota,
    table::plan,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_may_be_lost_is_sent_once_more_and_counts_as_charged() {
    const REFUSED: Outcome = Outcome::Unavailable;
    // The outcome; how many writes there are; of those how many are applied, and unheard of.
    let cases = [
        (Fault::CutBefore, REFUSED, 2, 0, 0),
        (Fault::FailedBefore, REFUSED, 2, 0, 0),
        (Fault::CutAfter, REFUSED, 2, 2, 2),
        (Fault::FailedAfter, REFUSED, 2, 2, 2),
        (Fault::Throttled, REFUSED, 4, 0, 0),
        (Fault::Twice, Outcome::Allowed, 1, 2, 1),
        (Fault::None, Outcome::Allowed, 1, 1, 0),
    ];
    for (fault, outcome, writes, charged, lost) in cases {
        let (fleet, accounts) =
            Fleet::with(Faults::always(fault), &plan("gold", quota(9), None), 1).await;
        let instance = fleet.start(&[]).await;
        assert_eq!(instance.call(&accounts[0]).await, outcome, "{fault:?}");
        fleet.stop(instance).await;
        let books = fleet.close(&accounts[0]).await;
        let tally = books.tally;
        let seen = (
            fleet.proxy.seen().count("UpdateItem"),
            tally.charged,
            tally.lost,
        );
        assert_eq!(seen, (writes, charged, lost), "{fault:?}");
    }
}
