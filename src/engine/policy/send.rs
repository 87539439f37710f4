//! Whether a sender writes a message itself, or leaves it for a batch that the I/O thread watches.
//!
//! - A sender writes a message by itself at once: nothing is faster.
//! - From the third message on that follow each other closely, writing each by itself would cost
//!   more than it saves: they are left in the queue. The sender writes whenever there is a batch's
//!   worth, and the I/O thread watches the connection to write what is left when the sender pauses.
//! - An answer of the peer ends such a burst: a peer that answers waits for what comes next.
//! - What goes to several peers is never written at once, as the sender would have to write it to
//!   each of them. The I/O thread writes it: at once after a pause, and as a batch in a burst.
#![forbid(unsafe_code)]

use std::ops::DerefMut;
use std::time::{Duration, Instant};

/// Messages that begin within this time of each other are a burst. 8 µs are about what it takes to
/// write a message to a socket of the same host and to make the next: a program that does more in
/// between gains nothing by batches. Counted from the beginning of a write, because a thread that
/// is woken by it may run before it ends.
const MAX_BURST_GAP: Duration = Duration::from_micros(8);

/// So many messages of a burst are written by their sender all the same: a program that sends two
/// messages and then looks at the other end finds both.
const MAX_DIRECT_STREAK: u32 = 2;

/// If the I/O thread has had nothing to do for this long, what goes to several peers is no burst.
/// 10 µs are less than it takes to put such a thread to sleep and to wake it.
const MIN_FAN_OUT_PAUSE: Duration = Duration::from_micros(10);

/// What a sender does with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It has the message written now.
    Write,
    /// It leaves the message: the I/O thread is watching.
    Leave,
    /// It leaves the message, and asks the I/O thread to watch from now on.
    LeaveToWatch,
}

/// What the I/O thread does when it looks at a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// It leaves the batch to the sender, who is at it.
    Wait,
    /// It writes what is left.
    Flush {
        /// So many messages had gone out before.
        gone: u64,
    },
    /// It stops watching.
    Over,
}

/// What the policy asks about what is not yet sent.
pub trait Unsent {
    /// Is there nothing?
    fn is_idle(&mut self) -> bool;

    /// The same. If so, the next message is announced.
    fn is_done(&mut self) -> bool;

    /// How many messages have gone out.
    fn messages(&mut self) -> u64;
}

/// Does the I/O thread look after what senders leave?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    No,
    /// No more; nothing has gone to several peers since.
    JustEnded,
    Watched,
}

/// See the module.
pub struct SendPolicy {
    /// When the last message began that its sender wrote.
    last_direct: Option<Instant>,
    /// How many messages in a row began within [`MAX_BURST_GAP`].
    streak: u32,
    /// How often something had been read when the last message came.
    activity: u32,
    phase: Phase,
    /// The sender has written since the I/O thread last looked.
    flushed_since_look: bool,
    /// The last message that was left went to several peers.
    fans_out: bool,
    /// The I/O thread found nothing when it last looked.
    idle_at_last_look: bool,
}

impl SendPolicy {
    /// For a new connection.
    pub fn new() -> Self {
        Self {
            last_direct: None,
            streak: 0,
            activity: 0,
            phase: Phase::No,
            flushed_since_look: false,
            fans_out: false,
            idle_at_last_look: false,
        }
    }

    /// A message for this peer alone is in the queue. `activity` counts what was read.
    pub fn decide(&mut self, now: Instant, activity: u32) -> Decision {
        let answered = std::mem::replace(&mut self.activity, activity) != activity;
        if answered || self.last_direct.is_none_or(|last| now - last > MAX_BURST_GAP) {
            self.streak = 0;
        }
        self.streak = self.streak.saturating_add(1);
        if self.streak <= MAX_DIRECT_STREAK {
            self.last_direct = Some(now);
            return Decision::Write;
        }
        self.leave(false)
    }

    /// A message for several peers is in the queue; the I/O thread has had nothing to do for as
    /// long as `io_idle` says.
    pub fn decide_fan_out(&mut self, io_idle: impl FnOnce() -> Duration) -> Decision {
        // That a burst is over was found out by work of the thread.
        let just_ended = self.phase == Phase::JustEnded;
        if just_ended {
            self.phase = Phase::No;
        }
        let is_burst = self.is_watched() || !just_ended && io_idle() < MIN_FAN_OUT_PAUSE;
        match is_burst {
            true => self.leave(true),
            false => Decision::Write,
        }
    }

    fn leave(&mut self, fans_out: bool) -> Decision {
        self.fans_out = fans_out;
        match std::mem::replace(&mut self.phase, Phase::Watched) {
            Phase::Watched => Decision::Leave,
            Phase::No | Phase::JustEnded => Decision::LeaveToWatch,
        }
    }

    /// The sender has written what there was.
    pub fn note_flushed(&mut self) {
        self.flushed_since_look = true;
    }

    /// Does the I/O thread watch?
    pub fn is_watched(&self) -> bool {
        self.phase == Phase::Watched
    }

    /// Did the message that was left last go to several peers?
    pub fn fans_out(&self) -> bool {
        self.fans_out
    }

    /// The I/O thread looks at the batch; whoever holds the lock of the send half is at it.
    pub fn look<U: Unsent, G: DerefMut<Target = U>>(
        &mut self,
        try_lock: impl FnOnce() -> Option<G>,
    ) -> Look {
        if std::mem::take(&mut self.flushed_since_look) {
            return Look::Wait;
        }
        // Under the lock: a sender that finds the queue empty after this asks for a new watch.
        let Some(mut unsent) = try_lock() else { return Look::Wait };
        let idle = unsent.is_idle();
        if idle && self.fans_out && !self.idle_at_last_look {
            // The next message to several is better waited for than announced.
            self.idle_at_last_look = true;
            return Look::Wait;
        }
        self.idle_at_last_look = idle;
        match self.end_if(unsent.is_done()) {
            true => Look::Over,
            false => Look::Flush { gone: unsent.messages() },
        }
    }

    /// What waited at the last look, when so many messages had `gone` out, has been written. If
    /// that was no more than a sender would have written itself, the burst is over: messages that
    /// come one by one do not wait for each other. True if the I/O thread stops watching.
    pub fn end_look<U: Unsent, G: DerefMut<Target = U>>(
        &mut self,
        gone: u64,
        try_lock: impl FnOnce() -> Option<G>,
    ) -> bool {
        let Some(mut unsent) = try_lock() else { return false };
        let few = unsent.messages().saturating_sub(gone) <= u64::from(MAX_DIRECT_STREAK);
        self.end_if(few && unsent.is_done())
    }

    fn end_if(&mut self, over: bool) -> bool {
        self.phase = if over { Phase::JustEnded } else { Phase::Watched };
        over
    }
}

impl Default for SendPolicy {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    /// The queue of a connection.
    #[derive(Default)]
    struct Queue {
        waiting: u64,
        gone: u64,
    }

    impl Unsent for Queue {
        fn is_idle(&mut self) -> bool {
            self.waiting == 0
        }

        fn is_done(&mut self) -> bool {
            self.is_idle()
        }

        fn messages(&mut self) -> u64 {
            self.gone
        }
    }

    impl Queue {
        fn flush(&mut self) {
            self.gone += std::mem::take(&mut self.waiting);
        }
    }

    /// A policy with a clock that the test moves.
    struct Sender {
        policy: SendPolicy,
        now: Instant,
        answers: u32,
    }

    impl Sender {
        fn new() -> Self {
            Self { policy: SendPolicy::new(), now: Instant::now(), answers: 0 }
        }

        /// Sends after so many microseconds.
        fn send(&mut self, micros: u64) -> Decision {
            self.now += Duration::from_micros(micros);
            self.policy.decide(self.now, self.answers)
        }

        /// Sends as many as make a burst.
        fn burst(&mut self) {
            self.send(100);
            for _ in 0..MAX_DIRECT_STREAK {
                self.send(1);
            }
            assert!(self.policy.is_watched());
        }
    }

    fn look(policy: &mut SendPolicy, queue: &mut Queue) -> Look {
        policy.look(|| Some(queue))
    }

    #[test]
    fn messages_after_pauses_are_written_at_once() {
        let mut sender = Sender::new();
        for _ in 0..10 {
            assert_eq!(sender.send(9), Decision::Write);
        }
    }

    #[test]
    fn the_third_message_of_a_burst_is_left_and_the_rest_too() {
        let mut sender = Sender::new();
        let decisions = [sender.send(0), sender.send(1), sender.send(1), sender.send(1)];
        let expected = [Decision::Write, Decision::Write, Decision::LeaveToWatch, Decision::Leave];
        assert_eq!(decisions, expected);
        assert_eq!(sender.send(9), Decision::Write, "after a pause");
    }

    #[test]
    fn an_answer_ends_a_burst() {
        let mut sender = Sender::new();
        sender.burst();
        sender.answers += 1;
        assert_eq!([sender.send(1), sender.send(1)], [Decision::Write; 2]);
        assert_eq!(sender.send(1), Decision::Leave, "the I/O thread still watches");
    }

    #[test]
    fn a_look_leaves_a_batch_to_a_sender_that_is_at_it() {
        let (mut sender, mut queue) = (Sender::new(), Queue { waiting: 5, gone: 0 });
        sender.burst();
        sender.policy.note_flushed();
        assert_eq!(look(&mut sender.policy, &mut queue), Look::Wait);
        assert_eq!(sender.policy.look(|| None::<&mut Queue>), Look::Wait, "it holds the lock");
        assert_eq!(look(&mut sender.policy, &mut queue), Look::Flush { gone: 0 });
    }

    #[test]
    fn watching_ends_with_a_batch_of_few_or_of_none() {
        for (waiting, goes_on) in [(0, false), (1, false), (2, false), (3, true)] {
            let (mut sender, mut queue) = (Sender::new(), Queue { waiting, gone: 7 });
            sender.burst();
            match look(&mut sender.policy, &mut queue) {
                Look::Flush { gone } => {
                    queue.flush();
                    assert_eq!(sender.policy.end_look(gone, || Some(&mut queue)), !goes_on);
                }
                over => assert_eq!((over, waiting), (Look::Over, 0)),
            }
            assert_eq!(sender.policy.is_watched(), goes_on);
        }
    }

    #[test]
    fn what_goes_to_several_is_left_only_in_a_burst() {
        let (idle, busy) = (|| MIN_FAN_OUT_PAUSE, || Duration::ZERO);
        let (mut policy, mut queue) = (SendPolicy::new(), Queue::default());
        assert_eq!(
            [policy.decide_fan_out(idle), policy.decide_fan_out(idle)],
            [Decision::Write; 2]
        );
        assert_eq!(policy.decide_fan_out(busy), Decision::LeaveToWatch);
        assert_eq!(policy.decide_fan_out(idle), Decision::Leave, "it is being watched");
        assert_eq!(look(&mut policy, &mut queue), Look::Wait, "the next may come soon");
        assert_eq!(look(&mut policy, &mut queue), Look::Over);
        assert_eq!(policy.decide_fan_out(busy), Decision::Write, "busy with finding that out");
        assert_eq!(policy.decide_fan_out(busy), Decision::LeaveToWatch);
    }
}
