import LinuxSystem
import Services
import Wire

/// What the new image does with a `HandoverState`.
enum Resuming {
    /// `--check-resume`: descriptors 3 and 4 are another image's state and plan. Whether this program could
    /// take over; nothing is touched.
    static func check() -> Int32 {
        let state = FileDescriptor(owning: 3)
        let plan = FileDescriptor(owning: 4)
        do throws(InitError) {
            let definition = try AmosInit.decodePlan(plan)
            let read = try decode(state, for: definition)
            _ = try supervisor(definition, read)
            return HandoverRequest.checkedStatus
        } catch {
            return 1
        }
    }

    static func decode(
        _ file: borrowing FileDescriptor, for plan: BootPlan
    ) throws(InitError) -> HandoverState {
        var bytes: [UInt8] = []
        if file.isSealedMemory, let read = try? file.readAll(limit: HandoverState.sizeLimit) { bytes = read }
        do throws(WireError) { return try HandoverState(decoding: bytes, for: plan) } catch {
            throw .handover(error)
        }
    }

    /// Where the state says that the plan is: the first number in it.
    static func planDescriptor(_ file: borrowing FileDescriptor) throws(InitError) -> Int32 {
        let start = HandoverState.magic.count + 4
        guard file.isSealedMemory, let head = try? file.read(start + 4, at: 0), head.count == start + 4 else {
            throw .handover(.truncated(offset: 0))
        }
        var number: Int32 = 0
        for index in 0..<4 { number |= Int32(head[start + index]) << Int32(8 * index) }
        guard number > 2 else { throw .handover(.malformed(offset: start, expected: "a descriptor")) }
        return number
    }

    static func supervisor(_ plan: BootPlan, _ state: HandoverState) throws(InitError) -> Supervisor {
        do throws(BootPlanError) {
            return try Supervisor(plan, restoring: state.supervisor, now: Clock.monotonicMilliseconds)
        } catch { throw .plan(error) }
    }
}

extension Supervision {
    /// Takes back everything that the image before has left open.
    func resume(_ state: HandoverState) {
        if !options.isSystem { ChildProcess.adoptOrphans() }
        FileDescriptor.setInherited(state.descriptors + [0, 1, 2], false)
        (startMilliseconds, handovers) = (state.startMilliseconds, state.handovers)
        pipeOrder = state.pipeOrder
        for service in resources.indices { takeBack(service, state.services[service]) }
        if state.watchdog >= 0 {
            watchdog = MachineWatchdog(
                FileDescriptor(owning: state.watchdog),
                intervalMilliseconds: state.watchdogIntervalMilliseconds)
        }
        takeBackModules(state)
        prepareTimers()
        if timers?.entries.count == state.timers.count {
            timers?.entries = state.timers.map { Timers.Entry(service: $0.service, schedule: $0.schedule) }
            setTimer()
        }
        for (slot, caller) in state.callers.enumerated() { takeBack(caller, slot) }
        announcer.announce(.stage(name: "init-resumed"))
        for service in resources.indices { finishTakingBack(service, state.services[service]) }
        for slot in connections.indices {
            if connections[slot]?.awaits == .handover {
                connections[slot]?.awaits = .nothing
                reply(.end, slot)
            }
            proceed(slot)
        }
        // What died meanwhile has left its signal with the image before, or with nobody.
        hasMoreToReap = true
    }

    private func takeBack(_ service: Int, _ state: HandoverState.Service) {
        let held = resources[service]
        if state.reading >= 0, state.writing >= 0 {
            held.output = Pipe(
                reading: FileDescriptor(owning: state.reading), writing: FileDescriptor(owning: state.writing)
            )
        }
        if state.readiness >= 0 {
            held.readiness = FileDescriptor(owning: state.readiness)
            try? epoll.add(number: state.readiness, tag: Self.tag(.readiness, service))
        }
        (held.writer, held.leader, held.isReloading) = (state.writer, state.leader, state.isReloading)
        (held.lastEnd, held.lastEndMilliseconds) = (state.lastEnd, state.lastEndMilliseconds)
        (held.statusText, held.hasSecrets) = (state.statusText, state.hasSecrets)
        for socket in state.sockets {
            let definition = supervisor.plan.services[service].sockets[socket.index]
            held.sockets.append(
                ServiceSocketHolder(definition, HeldDescriptor(FileDescriptor(owning: socket.number))))
        }
        for stored in state.stored {
            let descriptor = HeldDescriptor(FileDescriptor(owning: stored.number))
            held.stored.append(StoredDescriptor(name: stored.name, held: descriptor))
        }
    }

    /// When everything is there that an answer may need.
    private func finishTakingBack(_ service: Int, _ state: HandoverState.Service) {
        if supervisor.process(of: service) != 0 { watchIfStranger(service) }
        if state.emptying >= 0, let answer = killGroup(service, state.emptying) { handle(answer) }
        // What has come since then is found, because sockets, devices and paths are looked at again.
        if state.isArmed, arm(service) != nil { triggeredByReload.append(service) }
    }

    private func takeBackModules(_ state: HandoverState) {
        if options.isSystem { findPowerKeys() }
        guard state.modules >= 0 else { return }
        let modules = LateModules(
            reading: FileDescriptor(owning: state.modules), partialLine: state.partialModuleLine)
        try? epoll.add(modules.reading, tag: Self.tag(.modules, 0))
        lateModules = modules
    }

    private func takeBack(_ state: HandoverState.Caller, _ slot: Int) {
        let connection = Connection(
            LocalSocket(FileDescriptor(owning: state.socket)), isRoot: state.isRoot, state.rights)
        (connection.isFollowing, connection.awaits) = (state.isFollowing, state.awaits)
        (connection.nextRow, connection.nextPipe, connection.nextEvent) = (state.row, state.pipe, state.event)
        (connection.watchedService, connection.changedSources) = (state.watched, state.changedSources)
        connections.append(connection)
        if (try? epoll.add(connection.socket.descriptor, tag: Self.tag(.connection, slot))) == nil {
            connections[slot] = nil
        }
    }
}
