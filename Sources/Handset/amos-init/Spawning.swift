import LinuxSystem
import Services
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
    /// The directory of its cgroup.
    var group: FileDescriptor?
    /// The group has been killed, or may have been: Linux 6.12 kills whatever is cloned into such a group,
    /// because it compares the kill count of the wrong one. A process that moves itself there lives.
    var wasKilled = false
    /// `cgroup.procs`, for the first start after that.
    var members: FileDescriptor?
    /// `cgroup.events`, while it is waited for that nothing is left in the group.
    var events: FileDescriptor?
    /// Limits are set in its group that a new plan may take back.
    var isLimited = false
    /// Its secrets are where it can read them.
    var hasSecrets = false
    /// A main process that is no child of PID 1: whose end nobody else would tell.
    var stranger: FileDescriptor?
    /// The process that its session began with; 0 before its first start.
    var leader: Int32 = 0
    /// In the order of the plan; a socket that could not be made is missing.
    var sockets: [ServiceSocketHolder] = []
    var stored: [StoredDescriptor] = []
    /// What the service last said about itself (`STATUS=`), or why it could not be started.
    var statusText = ""
    var isReloading = false
    /// Its triggers are watched.
    var isArmed = false
    /// How its main process ended last, for people.
    var lastEnd = ServiceStatus.LastEnd.never
    var lastEndMilliseconds: UInt64 = 0
}

extension Supervision {
    func spawn(_ service: Int) -> Supervisor.Event {
        do throws(SpawnError) {
            let process = try start(service)
            resources[service].leader = process
            resources[service].statusText = ""
            tellLogger(service, process: process)
            return .spawned(service: service, process: process)
        } catch {
            let text = error.description
            Log.say(.error, supervisor.plan.services[service].name + ": " + text)
            resources[service].statusText = text
            resources[service].readiness = nil
            removeSecrets(service)
            return .execFailed(service: service, errorNumber: error.code)
        }
    }

    private func start(_ service: Int) throws(SpawnError) -> Int32 {
        let definition = supervisor.plan.services[service]
        if !definition.secrets.isEmpty { try placeSecrets(service, definition) }
        var spawn = try prepare(service, definition.program, definition.arguments)
        spawn.isolate(definition, emptyFile: emptyFile)
        spawn.terminal = definition.terminal
        spawn.isWatched = definition.watchdogMilliseconds > 0
        do throws(SystemCallError) {
            let handover = try handover(of: service)
            spawn.environment += handover.environment
            spawn.descriptors = handover.numbers
            if definition.terminal.isEmpty { spawn.output = try output(of: service) }
            return try start(service, definition, &spawn)
        } catch { throw .system(error) }
    }

    private func start(
        _ service: Int, _ definition: ServiceDefinition, _ spawn: inout ProcessSpawn
    ) throws(SystemCallError) -> Int32 {
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

    /// What the service's own process and its probes have in common.
    private func prepare(
        _ service: Int, _ program: String, _ arguments: [String]
    ) throws(SpawnError) -> ProcessSpawn {
        let definition = supervisor.plan.services[service]
        var spawn = ProcessSpawn(
            path: program, arguments: arguments, environment: try environment(of: service, definition))
        spawn.input = null.rawValue
        do throws(SystemCallError) {
            if definition.isolation.hidesFiles { try makeEmptyFile() }
            try assignGroup(service, to: &spawn)
        } catch { throw .system(error) }
        return spawn
    }

    /// A probe runs as the service does, in its cgroup and its namespaces; what it says goes to the service's
    /// log.
    func probe(_ service: Int) -> Supervisor.Event {
        let definition = supervisor.plan.services[service]
        do throws(SpawnError) {
            guard let program = definition.probe.first else { return .probing(service: service, process: 0) }
            var spawn = try prepare(service, program, Array(definition.probe.dropFirst()))
            do throws(SystemCallError) {
                let main = try ChildProcess.open(supervisor.process(of: service))
                spawn.isolate(definition, emptyFile: emptyFile, joining: main.rawValue)
                spawn.output = try output(of: service)
                return .probing(service: service, process: try spawn.start())
            } catch { throw SpawnError.system(error) }
        } catch {
            Log.say(.error, definition.name + ": its probe: " + error.description)
            return .probing(service: service, process: 0)
        }
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

    /// Lies over hidden files: nobody may read it, and nothing is in it.
    private var emptyFile: String { options.runDirectory + "/empty" }

    private func makeEmptyFile() throws(SystemCallError) {
        do throws(SystemCallError) {
            _ = try FileDescriptor.open(emptyFile, [.writeOnly, .create, .exclusive], permissions: 0)
        } catch  where error.code == SystemCallError.exists {}
    }

    /// Nothing of PID 1's own environment reaches a service.
    private func environment(
        of service: Int, _ definition: ServiceDefinition
    ) throws(SpawnError) -> [String] {
        var environment = definition.environment
        if !environment.contains(where: { $0.utf8.starts(with: "PATH=".utf8) }) {
            environment.append("PATH=/usr/sbin:/usr/bin:/sbin:/bin")
        }
        for directory in definition.environmentDirectories {
            try EnvironmentDirectory.read(directory, isSystem: options.isSystem, into: &environment)
        }
        if !definition.secrets.isEmpty {
            environment.append("AMOS_SECRETS=" + secretsFolder(of: definition))
        }
        if groups == nil { environment.append(Self.mark(of: definition)) }
        return environment + notificationEnvironment(of: definition)
    }
}
