"""Several pollers a queue, as `MaximumConcurrency` of the event source allows: LocalStack has one, so that no two
invocations of a function would ever overlap.
"""

import threading

from localstack.runtime import hooks

# More than the machine has processors is no use, and each may start a process of the function.
POLLERS = 4


@hooks.on_infra_start()
def poll_side_by_side():
    from localstack.services.lambda_.event_source_mapping import esm_worker
    from localstack.services.lambda_.event_source_mapping.pollers.poller import EmptyPollResultsException

    class Worker(esm_worker.EsmWorker):
        def start(self):
            super().start()
            allowed = (self.esm_config.get("ScalingConfig") or {}).get("MaximumConcurrency", 1)
            for _ in range(min(allowed, POLLERS) - 1):
                threading.Thread(target=self.help, daemon=True, name=f"poller-{self.uuid}").start()

        def help(self):
            while not self._shutdown_event.is_set():
                try:
                    self.poller.poll_events()
                    pause = 0.05
                except EmptyPollResultsException:
                    pause = 0.25
                except Exception:
                    # The first poller says it.
                    pause = 2
                self._shutdown_event.wait(pause)

    from localstack.services.lambda_.event_source_mapping import esm_worker_factory

    esm_worker_factory.EsmWorker = Worker
