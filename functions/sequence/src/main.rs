//! Decides which file is next. Cold start and hand-over; what is done is in `tidewaiter_aws::handlers`.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use tidewaiter_aws::deployment::Messaging;
use tidewaiter_aws::{environment, handlers, logs};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let environment = environment::process();
    logs::start(environment.log_level());
    let deployment = &Messaging::from_environment(environment).await?;
    lambda_runtime::run(service_fn(async |event: LambdaEvent<handlers::Invocation>| {
        let ends = event.context.deadline().try_into()?;
        handlers::sequence(deployment, event.payload, &event.context.request_id, ends)
            .await
            .map_err(Error::from)
    }))
    .await
}
