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
    /// Its triggers are watched.
    var isArmed = false
    /// How its main process ended last, for people.
    var lastEnd = ServiceStatus.LastEnd.never
    var lastEndMilliseconds: UInt64 = 0
}

extension Supervision {
    func spawn(_ service: Int) -> Supervisor.Event {
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
        spawn.isolate(definition, emptyFile: options.runDirectory + "/empty")
        let handover = try handover(of: service)
        spawn.environment += handover.environment
        spawn.descriptors = handover.numbers
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
}
