import LinuxSystem
import Services
import Slots
import Wire

/// What belongs to a service beyond its process.
final class ServiceResources {
    /// Where its output goes. Kept for as long as PID 1 lives, so nothing is lost when the service or the
    /// logger restarts.
    var output: Pipe?
    /// The process whose lines they are, as the logger is told.
    var writer: Int32 = 0
    /// The reading end of its readiness descriptor, while it is starting.
    var readiness: FileDescriptor?
    var cgroup: Cgroup?
    /// `cgroup.procs`, once the group has been killed: Linux 6.12 kills whatever is cloned into such a group,
    /// because it compares the kill count of the wrong one. A process that moves itself there lives.
    var members: FileDescriptor?
    var cgroupDirectory: FileDescriptor?
    /// In the order of the plan; a socket that could not be made is missing.
    var sockets: [ServiceSocketHolder] = []
    var stored: [StoredDescriptor] = []
    /// What the service last said about itself (`STATUS=`), or why it could not be started.
    var statusText = ""
    var isReloading = false
}

extension Supervision {
    /// Performs an effect; a spawn has an answer.
    func perform(_ effect: Supervisor.Effect) -> Supervisor.Event? {
        switch effect {
        case .spawn(let service): return spawn(service)
        case .signal(_, let process, let signal): ChildProcess.send(Int32(signal), to: process)
        case .killGroup(let service, let process): killGroup(service, process)
        case .announce(let service, let state, let process, let reason):
            report(service, state, process, reason)
        case .forgetStored(let service): resources[service].stored = []
        case .probe, .arm, .disarm, .measure, .stamp, .fallBack, .overdue, .replan: break
        case .becameReady:
            announceMemory()
            announcer.announce(.ready)
            if options.isSystem {
                SystemSetup.settle()
                show("ready after " + Self.seconds(Machine.bootTimeNanoseconds))
            }
        case .markHealthy: markHealthy()
        case .failBoot(let service, let reason): failBoot(service, reason)
        case .finishShutdown(let kind): end = kind
        }
        return nil
    }

    private func spawn(_ service: Int) -> Supervisor.Event {
        do throws(SystemCallError) {
            let process = try start(service)
            tellLogger(service, process: process)
            return .spawned(service: service, process: process)
        } catch {
            Log.say(.error, supervisor.plan.services[service].name + ": " + error.description)
            resources[service].readiness = nil
            return .execFailed(service: service, errorNumber: error.code)
        }
    }

    private func start(_ service: Int) throws(SystemCallError) -> Int32 {
        let definition = supervisor.plan.services[service]
        var spawn = ProcessSpawn(
            path: definition.program, arguments: definition.arguments,
            environment: environment(of: definition))
        spawn.userID = definition.userID
        spawn.groupID = definition.groupID
        spawn.supplementaryGroupIDs = definition.supplementaryGroupIDs
        spawn.terminal = definition.terminal
        spawn.input = null.rawValue
        if definition.terminal.isEmpty { spawn.output = try output(of: service) }
        let group = try cgroup(of: service)
        if let members = resources[service].members?.rawValue {
            spawn.joined = members
        } else {
            spawn.cgroup = group
        }
        guard case .descriptor(let number) = definition.readiness else { return try spawn.start() }
        let pipe = try Pipe()
        spawn.passed = pipe.writing.rawValue
        spawn.passedAs = number
        // Before the start: once a process runs, nothing here may fail, or nobody would know of it.
        try epoll.add(pipe.reading, tag: Self.tag(.readiness, service))
        let process = try spawn.start()
        // The writing end closes here: when the service closes its own, or ends, the pipe says so.
        resources[service].readiness = pipe.takeReading()
        return process
    }

    private func output(of service: Int) throws(SystemCallError) -> Int32 {
        if let number = resources[service].output?.writing.rawValue { return number }
        let pipe = try Pipe()
        let number = pipe.writing.rawValue
        resources[service].output = consume pipe
        pipeOrder.append(service)
        continueLogConnections()
        return number
    }

    /// Nothing of PID 1's own environment reaches a service.
    private func environment(of definition: ServiceDefinition) -> [String] {
        var environment = definition.environment
        if !environment.contains(where: { $0.utf8.starts(with: "PATH=".utf8) }) {
            environment.append("PATH=/usr/sbin:/usr/bin:/sbin:/bin")
        }
        return environment + notificationEnvironment(of: definition)
    }

    private func report(_ service: Int, _ state: ServiceState, _ process: Int32, _ reason: Reason) {
        let text = supervisor.text(of: reason)
        let name = supervisor.plan.services[service].name
        if state == .failed || state == .waiting {
            Log.say(.warning, name + " is " + state.name + ": " + text)
        }
        announcer.announce(.service(name: name, state: state, pid: process, reason: text))
    }

    private func markHealthy() {
        guard options.isSystem else { return announcer.announce(.healthy(slot: "none")) }
        SlotRecord.update { metadata, slot in metadata.markSuccessful(slot) }
        announcer.announce(.healthy(slot: SlotRecord.slot?.name ?? "none"))
        show("healthy")
    }

    private func show(_ state: String) {
        Display.show(
            hostname: supervisor.plan.hostname, slot: SlotRecord.slot?.name ?? "none", state: state)
    }

    /// `3.8 s`
    private static func seconds(_ nanoseconds: UInt64) -> String {
        let tenths = nanoseconds / 100_000_000
        return String(tenths / 10) + "." + String(tenths % 10) + " s"
    }

    private func failBoot(_ service: Int?, _ reason: Reason) {
        var text = supervisor.text(of: reason)
        var code = FailureReason.notHealthyInTime
        if let service {
            text = supervisor.plan.services[service].name + ": " + text
            code = .serviceLost
        }
        Log.say(.critical, "this boot has failed: " + text)
        announcer.announce(.failure(what: "health", reason: text))
        guard options.isSystem else { return }
        SlotRecord.update { metadata, slot in
            metadata.recordFailure(in: slot, code, detail: Array(text.utf8))
        }
    }

    func beginShutdown(_ kind: ShutdownKind) {
        guard !supervisor.isShuttingDown else { return }
        announcer.announce(.shutdown(reason: kind.name))
        handle(.shutDown(kind))
    }

    private func announceMemory() {
        guard let text = contents(of: "/proc/meminfo", limit: 4096) else { return }
        var (total, available) = (UInt64(0), UInt64(0))
        for line in text.split(separator: UInt8(ascii: "\n")) {
            if line.starts(with: "MemTotal:".utf8) { total = Self.number(in: line) }
            if line.starts(with: "MemAvailable:".utf8) { available = Self.number(in: line) }
        }
        announcer.announce(.memory(totalKibibytes: total, availableKibibytes: available))
    }

    private static func number(in line: ArraySlice<UInt8>) -> UInt64 {
        var value: UInt64 = 0
        for byte in line where byte >= 0x30 && byte <= 0x39 { value = value &* 10 &+ UInt64(byte - 0x30) }
        return value
    }
}
