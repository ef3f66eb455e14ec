import LinuxSystem
import Services
import Wire

/// `amosctl exec-self`: this program becomes another image of itself, with the same process id, the same
/// children and the same descriptors, so that no service, no connection and no line of a log is lost.
///
/// 1. The new program is started as a child and shown the state and the plan (`--check-resume`). Only one
///    that answers with `checkedStatus` understands both; anything else is refused, and nothing has happened.
/// 2. At the end of a turn of the loop, when nothing is half done, the state goes into a sealed memory file,
///    what is kept is marked as inherited, and `execve` is called. If that fails, this image goes on.
/// 3. The new image (`--resume N`) restores everything and reaps what died meanwhile.
///
/// Should the new image not be able to read the state after all, nobody is left who knows the services: on
/// the handset it records the failure and reboots into what the loader chooses; elsewhere it ends, and says
/// so.
final class HandoverRequest {
    /// No program that knows nothing of this ends with it by chance.
    static let checkedStatus: Int32 = 97

    /// A check takes milliseconds, and a stamp that is being written some more; a disk may hang for ever.
    static let patienceMilliseconds: UInt64 = 10_000

    let program: String
    /// The child that is checking; 0: it has agreed.
    var check: Int32
    let deadlineMilliseconds = Clock.monotonicMilliseconds + HandoverRequest.patienceMilliseconds

    init(program: String, check: Int32) {
        self.program = program
        self.check = check
    }
}

extension Supervision {
    func handOver(to path: String, _ connection: Connection, _ slot: Int) {
        guard !supervisor.isShuttingDown, !supervisor.isReloading else {
            return refuse("a shutdown or a reload is under way; try again when it is done", slot)
        }
        if let handover, handover.check != 0 {
            // Whoever asks again does not believe in the one that is still thinking.
            ChildProcess.send(ChildProcess.killSignal, to: handover.check)
        }
        let program = path.isEmpty ? Program.ownPath : path
        do throws(SystemCallError) {
            let file = try FileDescriptor.sealedMemory(named: "handover", handoverState().encode())
            var check = ProcessSpawn(path: program, arguments: ["--check-resume"], environment: [])
            check.input = null.rawValue
            check.output = null.rawValue
            check.descriptors = [file.rawValue, planFile.descriptor.rawValue]
            handover = HandoverRequest(program: program, check: try check.start())
            connection.awaits = .handover
        } catch {
            refuse(error.description, slot)
        }
    }

    /// Whether this was the child that checks.
    func takeCheck(_ process: Int32, exitCode: Int32) -> Bool {
        guard let handover, process == handover.check else { return false }
        handover.check = 0
        if exitCode != HandoverRequest.checkedStatus {
            giveUpHandover(handover.program + " cannot take over from this version")
        }
        return true
    }

    private func giveUpHandover(_ reason: String) {
        if let check = handover?.check, check != 0 { ChildProcess.send(ChildProcess.killSignal, to: check) }
        handover = nil
        Log.say(.error, "exec-self: " + reason)
        for slot in connections.indices where connections[slot]?.awaits == .handover {
            connections[slot]?.awaits = .nothing
            refuse(reason + "; nothing has changed", slot)
        }
    }

    /// At the end of a turn, when a program has agreed. Comes back if there is nothing to do, or it failed.
    func completeHandover() {
        guard let handover else { return }
        guard !supervisor.isShuttingDown else { return giveUpHandover("the handset is shutting down") }
        // Modules that wait for those under way are not part of the state.
        guard handover.check == 0, state.isIdle, !supervisor.isReloading, waitingModules.isEmpty else {
            guard handover.deadlineMilliseconds <= Clock.monotonicMilliseconds else { return }
            return giveUpHandover(obstacle(to: handover))
        }
        do throws(SystemCallError) {
            let state = handoverState()
            let file = try FileDescriptor.sealedMemory(named: "handover", state.encode())
            let number = file.rawValue
            // The standard streams too: their numbers must stay taken.
            let kept = state.descriptors + [number, 0, 1, 2]
            FileDescriptor.setInherited(kept, true)
            let failure = Program.replaceThisProcess(
                with: handover.program, options.handoverArguments + ["--resume", String(number)],
                environment: ProcessArguments.environment())
            FileDescriptor.setInherited(kept, false)
            throw failure
        } catch {
            giveUpHandover(error.description)
        }
    }

    private func obstacle(to handover: HandoverRequest) -> String {
        if handover.check != 0 { return handover.program + " does not say whether it can take over" }
        if !state.isIdle { return "a stamp cannot be written to the disk" }
        if supervisor.isReloading { return "a reload does not come to its end" }
        return "a kernel module is still being inserted"
    }

    private func handoverState() -> HandoverState {
        var state = HandoverState()
        state.plan = planFile.descriptor.rawValue
        state.control = controlSocket.descriptor.rawValue
        state.notify = notifySocket.descriptor.rawValue
        state.port = announcer.port?.rawValue ?? -1
        state.watchdog = watchdog?.device.rawValue ?? -1
        state.watchdogIntervalMilliseconds = watchdog?.intervalMilliseconds ?? 0
        state.modules = lateModules?.reading.rawValue ?? -1
        state.partialModuleLine = lateModules?.partialLine ?? []
        state.startMilliseconds = startMilliseconds
        state.handovers = handovers &+ 1
        state.supervisor = supervisor.encodeState()
        (state.backlog, state.history) = (announcer.backlog, announcer.history)
        state.pipeOrder = pipeOrder
        for service in resources.indices { state.services.append(handedOver(service)) }
        if let timers { state.timers = handedOver(timers) }
        for connection in connections {
            if let connection { state.callers.append(connection.handedOver) }
        }
        return state
    }

    private func handedOver(_ service: Int) -> HandoverState.Service {
        let held = resources[service]
        var state = HandoverState.Service()
        state.reading = held.output?.reading.rawValue ?? -1
        state.writing = held.output?.writing.rawValue ?? -1
        state.readiness = held.readiness?.rawValue ?? -1
        (state.writer, state.leader) = (held.writer, held.leader)
        if held.events != nil { state.emptying = supervisor.process(of: service) }
        for one in emptying where one.service == service { state.emptying = one.process }
        (state.isReloading, state.isArmed) = (held.isReloading, held.isArmed)
        state.hasSecrets = held.hasSecrets
        (state.lastEnd, state.lastEndMilliseconds) = (held.lastEnd, held.lastEndMilliseconds)
        state.statusText = held.statusText
        let definitions = supervisor.plan.services[service].sockets
        for socket in held.sockets {
            guard let index = definitions.firstIndex(where: socket.isMade(for:)) else { continue }
            state.sockets.append((index, socket.held.descriptor.rawValue))
        }
        for stored in held.stored { state.stored.append((stored.name, stored.held.descriptor.rawValue)) }
        return state
    }

    private func handedOver(_ timers: Timers) -> [HandoverState.Timer] {
        var (result, previous, index) = ([HandoverState.Timer](), -1, 0)
        // In the order of the plan: each service's own timers stand side by side.
        for entry in timers.entries {
            index = entry.service == previous ? index + 1 : 0
            previous = entry.service
            result.append(
                HandoverState.Timer(service: entry.service, index: index, schedule: entry.schedule))
        }
        return result
    }
}

extension Connection {
    fileprivate var handedOver: HandoverState.Caller {
        var state = HandoverState.Caller()
        state.socket = socket.descriptor.rawValue
        (state.isRoot, state.rights) = (isRoot, rights)
        (state.isFollowing, state.awaits) = (isFollowing, awaits)
        (state.row, state.pipe, state.event) = (nextRow, nextPipe, nextEvent)
        (state.watched, state.changedSources) = (watchedService, changedSources)
        return state
    }
}
