extension Supervisor {
    /// Which service an event is about; nil: none, or it is found by its process.
    private func subject(of event: Event) -> Int? {
        switch event {
        case .spawned(let service, _), .execFailed(let service, _), .groupEmpty(let service),
            .probing(let service, _), .triggered(let service), .alive(let service), .broken(let service),
            .watch(let service, _),
            .mainProcess(let service, _), .reloading(let service), .stopping(let service),
            .extendTimeout(let service, _), .usage(let service, _), .start(let service), .stop(let service),
            .restart(let service):
            service
        case .boot, .ready, .exited, .tick, .shutDown: nil
        }
    }

    /// A wrong index must not end PID 1.
    func isKnown(_ event: Event) -> Bool {
        guard let service = subject(of: event) else { return true }
        return records.indices.contains(service)
    }

    mutating func take(_ event: Event) {
        switch event {
        case .boot: boot()
        case .spawned(let service, let process): spawned(service, process)
        case .execFailed(let service, let number): execFailed(service, number)
        case .ready(let process): readyReported(by: process)
        case .exited(let process, let status): exited(process, status)
        case .groupEmpty(let service): groupEmptied(service)
        case .probing(let service, let process): probing(service, process)
        case .triggered(let service): triggered(service)
        case .alive(let service): if records[service].state == .ready { watch(service) }
        case .watch(let service, let milliseconds): watch(service, every: milliseconds)
        case .broken(let service): if isStartingOrReady(service) { beginStop(service, .broken) }
        case .mainProcess(let service, let process): takeOver(service, process)
        case .reloading(let service): reloading(service)
        case .stopping(let service): stopsByItself(service)
        case .extendTimeout(let service, let milliseconds): extendTimeout(service, milliseconds)
        case .usage(let service, let microseconds): used(service, microseconds)
        case .tick: if isSwitchDue { switchPlan() }
        case .start(let service): start(service)
        case .stop(let service):
            records[service][.wanted] = false
            beginStop(service, .command)
        case .restart(let service): restart(service)
        case .shutDown(let kind): beginShutdown(kind)
        }
    }

    /// A deadline that passed: of a service by its slot and state, or of the system.
    mutating func expire(_ due: Int) {
        let service = due / Slot.count
        guard service < records.count else { return expireSystem(due - records.count * Slot.count) }
        switch Slot(rawValue: due % Slot.count) {
        case .watch:
            if records[service].state == .starting { askProbe(service) }
            if records[service].state == .ready { beginStop(service, .watchdog) }
        case .idle: endIdlePeriod(service)
        case .state, nil: expireState(service)
        }
    }

    private mutating func expireState(_ service: Int) {
        switch records[service].state {
        case .starting: beginStop(service, .startTimeout)
        case .ready: beginStop(service, .reloadTimeout)
        case .backoff:
            records[service].restartCount &+= 1
            enter(.waiting, service)
        case .stopping: escalateStop(service)
        case .stopped, .failed, .done:
            records[service][.resting] = false
            queue(service)
        case .waiting, .blocked: break
        }
    }

    func isStartingOrReady(_ service: Int) -> Bool {
        records[service].state == .starting || records[service].state == .ready
    }
}
