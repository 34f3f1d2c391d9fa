//! Faults that are put in on purpose, at the border between domain, table and instance: each
//! must be caught by a law, or the laws see nothing.

/// What is wrong in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutation {
    /// `q <= limit - n + 1`: one unit too many.
    QuotaOffByOne,
    /// The busy form's room is one call too large.
    RoomOffByOne,
    /// `pv` is not looked at.
    NoFence,
    /// `attribute_exists(pk)` is missing: a charge makes an item.
    MakesItems,
    /// `off` is not looked at.
    ChargesTombstones,
    /// A lease is spent after its window, by an old reading of the wall clock.
    SpentAfterWindow,
    /// A lease is spent by the readings with which it was taken.
    SpentPastLife,
    /// The return's ticket is not looked at.
    ReturnedTwice,
    /// What is given back stays in memory.
    ReturnKept,
    /// A return lowers `t`.
    ReturnedToThrottle,
    /// Two charges of one holding at a time.
    NettedTwice,
    /// The age of a decision is not looked at when its charge is answered.
    LateAnswerAdmits,
    /// A dear call is admitted for one unit.
    Undercharged,
    /// A refusal of a dear call is remembered for cheap ones.
    DenialOfDearForCheap,
    /// An arrival is judged by the frozen reading.
    ClampByFrozen,
}

/// All of them.
pub const MUTATIONS: [Mutation; 15] = [
    Mutation::QuotaOffByOne,
    Mutation::RoomOffByOne,
    Mutation::NoFence,
    Mutation::MakesItems,
    Mutation::ChargesTombstones,
    Mutation::SpentAfterWindow,
    Mutation::SpentPastLife,
    Mutation::ReturnedTwice,
    Mutation::ReturnKept,
    Mutation::ReturnedToThrottle,
    Mutation::NettedTwice,
    Mutation::LateAnswerAdmits,
    Mutation::Undercharged,
    Mutation::DenialOfDearForCheap,
    Mutation::ClampByFrozen,
];
