import Wire

extension Supervisor {
    public enum Event: Sendable {
        /// Starts everything. The first event.
        case boot
        /// A `spawn` succeeded: the program is running.
        case spawned(service: Int, process: Int32)
        /// A `spawn` failed; no process is left of it.
        case execFailed(service: Int, errorNumber: Int32)
        /// The ready byte, or `READY=1`, of this process.
        case ready(process: Int32)
        /// A service's main process, or its probe, has been reaped.
        case exited(process: Int32, ExitStatus)
        /// Nothing of the service runs any more: the answer to `killGroup`, at once or later.
        case groupEmpty(service: Int)
        /// A `probe` runs, or (process 0) could not be started.
        case probing(service: Int, process: Int32)
        /// A socket, device, path or timer wants this service.
        case triggered(service: Int)
        /// `WATCHDOG=1`; nothing else that a service sends counts as a sign of life.
        case alive(service: Int)
        /// `WATCHDOG_USEC=`: from now on this is the longest time between two signs of life; 0: it is not
        /// watched. Until its main process ends.
        case watch(service: Int, milliseconds: UInt32)
        /// `WATCHDOG=trigger`: the service itself says that it is broken.
        case broken(service: Int)
        /// `MAINPID=`: another process of the service's cgroup takes over as the main one.
        case mainProcess(service: Int, process: Int32)
        /// `RELOADING=1`; ended by `ready`.
        case reloading(service: Int)
        /// `STOPPING=1`: it ends by its own will; its exit with status 0 is no failure.
        case stopping(service: Int)
        /// `EXTEND_TIMEOUT_USEC=`: a start or stop deadline moves to this long from now.
        case extendTimeout(service: Int, milliseconds: UInt64)
        /// The answer to `measure`: processor time that the service has used in all.
        case usage(service: Int, microseconds: UInt64)
        /// Nothing but time has passed; due at `nextDeadline`.
        case tick
        case start(service: Int)
        case stop(service: Int)
        case restart(service: Int)
        case shutDown(ShutdownKind)
    }

    public enum Effect: Equatable, Sendable {
        /// Answer with `spawned` or `execFailed`, always.
        case spawn(service: Int)
        case signal(service: Int, process: Int32, signal: UInt8)
        /// Kill everything in the service's cgroup. `process` 0: its main process has already ended.
        case killGroup(service: Int, process: Int32)
        /// Answer with `probing`; its end comes as `exited`.
        case probe(service: Int)
        /// Watch its sockets, devices and paths from now on, and answer with `triggered`.
        case arm(service: Int)
        case disarm(service: Int)
        /// Answer with `usage`.
        case measure(service: Int)
        /// It is down and will not come back by itself: forget the descriptors that it stored (FDSTORE=1).
        case forgetStored(service: Int)
        /// A one-shot that runs once per installation has succeeded: keep its stamp.
        case stamp(service: Int)
        /// The slot is bad: record it; the shutdown to reboot is under way.
        case fallBack(service: Int, reason: Reason)
        /// The shutdown's budget is spent, and this service had not stopped.
        case overdue(service: Int)
        /// A reload is done: the plan is now the new one; element i is the former index of service i, or −1.
        case replan(former: [Int32])
        case announce(service: Int, state: ServiceState, process: Int32, reason: Reason)
        case becameReady
        case markHealthy
        /// Record it; the shutdown to reboot is under way. `service` is nil when the deadline passed.
        case failBoot(service: Int?, reason: Reason)
        /// Nothing is running any more: sync, unmount, go.
        case finishShutdown(ShutdownKind)
    }
}
