//! A charge's writes, their way to the table, and their answers.

use latchkey_domain::{
    Nanos, Reason,
    meter::{Answer, Step, Verdict},
};

use crate::store::{self, Condition, Item};

use super::simulation::{Event, HALF_WAY, World};

impl World<'_> {
    /// Sends the write that is under way there.
    pub(super) fn send(&mut self, place: usize) {
        self.queue.push(self.now + HALF_WAY, Event::Apply(place));
    }

    /// It reaches the table, also after its instance has died.
    pub(super) fn apply(&mut self, place: usize) {
        let held = self.fleet.held(place);
        let key = held.key;
        let Some(mut under_way) = held.under_way.take() else {
            return;
        };
        under_way.answer = Some(match self.item(key) {
            None => Answer::Throttled,
            Some(item) => match store::apply(item, &under_way.write) {
                Condition::Held => {
                    Answer::Applied(item.as_ref().map(Item::read).unwrap_or_default())
                }
                Condition::Failed => Answer::Failed(item.as_ref().map(Item::read)),
            },
        });
        self.fleet.held(place).under_way = Some(under_way);
        self.queue.push(self.now + HALF_WAY, Event::Answer(place));
    }

    /// Its answer comes.
    pub(super) fn answer(&mut self, place: usize) {
        let (held, reading) = self.fleet.held_and_reading(place, self.now);
        if held.is_gone {
            return;
        }
        let Some(mut under_way) = held.under_way.take() else {
            return;
        };
        let answer = under_way.answer.take().unwrap_or(Answer::Unknown);
        let step = under_way.charge.answer(&mut held.holding, answer, &reading);
        match step {
            Step::Write(write) => {
                under_way.write = write;
                held.under_way = Some(under_way);
                self.send(place);
            }
            Step::WriteAfter(least, most, write) => {
                under_way.write = write;
                held.under_way = Some(under_way);
                let (least, most) = (least.as_nanos() as Nanos, most.as_nanos() as Nanos);
                let pause = self.traffic.between(least, most);
                self.queue.push(self.now + pause, Event::Send(place));
            }
            // No plan changes here.
            Step::ReadPlan => {
                let verdict = Verdict::refused(Reason::Unavailable);
                self.done(&under_way.call, &verdict);
                self.ask_next(place);
            }
            Step::Done(verdict) => {
                self.done(&under_way.call, &verdict);
                self.ask_next(place);
            }
        }
    }
}
