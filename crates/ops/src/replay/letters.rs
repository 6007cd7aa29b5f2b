//! Goes through the dead letters, queue by queue.

use tidewaiter_aws::operator::tags::Function;
use tidewaiter_aws::operator::{DeadLetters, Problem, Stack, subject};

use super::messages::about;
use super::{Choice, Found, Letter, Queue, Replayed};
use crate::Result;

pub(super) async fn replay(stack: &Stack, choice: &Choice) -> Result<Replayed> {
    let is_chosen = |queue: &Queue| match choice.queues.as_slice() {
        [] => stack.has(function(*queue)),
        chosen => chosen.contains(queue),
    };
    let chosen = Queue::ALL.into_iter().filter(is_chosen);
    // All of them first: a tag that is missing is to be told before anything is done.
    let queues: std::result::Result<Vec<(Queue, DeadLetters)>, Problem> =
        chosen.map(|queue| Ok((queue, stack.dead_letters(function(queue))?))).collect();
    let (mut all, mut done) = (Vec::new(), Ok(()));
    for (queue, mut letters) in queues? {
        let mut found = Found { queue, letters: Vec::new(), in_hand: 0 };
        done = one_queue(stack, &mut letters, &mut found, choice).await;
        // Also after a failure: what was left is for others to see.
        let shown = letters.finish().await;
        done = done.and(shown.map_err(Into::into));
        all.push(found);
        if done.is_err() {
            break;
        }
    }
    Ok(Replayed { queues: all, failure: done.err() })
}

async fn one_queue(
    stack: &Stack,
    letters: &mut DeadLetters,
    found: &mut Found,
    choice: &Choice,
) -> Result<()> {
    found.in_hand = letters.in_hand().await?;
    loop {
        let batch = letters.next().await?;
        if batch.is_empty() {
            return Ok(());
        }
        // One that cannot be handled keeps the rest of the batch from being lost sight of.
        let mut done = Ok(());
        for letter in batch {
            let subject = subject(letters.function(), &letter.body, stack.bucket());
            let about = match about(stack, letters.function(), &subject).await {
                Ok(about) => about,
                Err(error) => {
                    letters.leave(letter);
                    done = done.and(Err(error));
                    continue;
                }
            };
            let is_of_it = choice.repository.is_none() || choice.repository == about.repository;
            let says_it = choice.only.as_ref().is_none_or(|text| about.words.contains(text));
            let wanted = is_of_it && says_it;
            let (message, sent) = (letter.id.clone(), letter.sent);
            if !wanted || choice.dry_run || done.is_err() {
                letters.leave(letter);
            } else {
                done = letters.replay(letter).await.map_err(Into::into);
            }
            if wanted {
                let replayed = !choice.dry_run && done.is_ok();
                found.letters.push(Letter { queue: found.queue, message, about, sent, replayed });
            }
        }
        done?;
    }
}

fn function(queue: Queue) -> Function {
    match queue {
        Queue::Unpack => Function::Unpack,
        Queue::Sequence => Function::Sequence,
        Queue::Validate => Function::Validate,
        Queue::Report => Function::Report,
        Queue::Fetch => Function::Fetch,
    }
}
