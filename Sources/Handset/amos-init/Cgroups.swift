import LinuxSystem
import Services
import Wire

/// The part of the cgroup hierarchy that is ours: one group per service, below one that holds nothing else.
///
///     OWN                      where this program was started; on the handset the root
///     OWN/amos                 on the handset; `amos-PID` for an ordinary service manager
///     OWN/amos/NAME            one service and everything that it started
///     OWN/amos-PID.self        this program, only where the kernel wants it out of the way (EBUSY below)
struct GroupHierarchy {
    /// Each costs the kernel memory per group (a memory group some 100 KB): only plans that need them pay.
    struct Controllers: OptionSet {
        let rawValue: UInt8

        static let memory = Controllers(rawValue: 1)
        static let processor = Controllers(rawValue: 2)
        static let processes = Controllers(rawValue: 4)
        static let io = Controllers(rawValue: 8)
        static let all: [(Controllers, StaticString)] = [
            (.memory, "memory"), (.processor, "cpu"), (.processes, "pids"), (.io, "io"),
        ]
    }

    let own: Cgroup
    let root: Cgroup
    /// Of `root` in `/proc/PID/cgroup`.
    let name: String
    private(set) var enabled: Controllers = []
    private var refused: Controllers = []
    private var leaf: Cgroup?

    /// nil, and said so, where there is no cgroup v2 that this program may use.
    init?(isSystem: Bool) {
        guard var (own, name) = Cgroup.own() else {
            Self.explain("there is no cgroup v2 here")
            return nil
        }
        let suffix = isSystem ? "/amos" : "/amos-" + String(ChildProcess.thisProcess)
        // After an `exec-self`: it has stepped out of the way before.
        let leafSuffix = suffix + ".self"
        if let above = Self.dropping(leafSuffix, name), let folder = Self.dropping(leafSuffix, own.path) {
            leaf = own
            (own, name) = (Cgroup(at: folder), above.isEmpty ? "/" : above)
        }
        self.own = own
        self.name = (name.utf8.count == 1 ? "" : name) + suffix
        do throws(SystemCallError) {
            root = try Cgroup.make(own.path + suffix).group
            // Who may make a group need not be allowed to move processes into it.
            if !isSystem { _ = try own.openMembers() }
        } catch {
            Cgroup(at: own.path + suffix).remove()
            Self.explain(error.description)
            return nil
        }
    }

    private static func dropping(_ suffix: String, _ path: String) -> String? {
        let rest = path.utf8.count - suffix.utf8.count
        guard rest >= 0, path.utf8.dropFirst(rest).elementsEqual(suffix.utf8) else { return nil }
        return String(decoding: path.utf8.prefix(rest), as: UTF8.self)
    }

    private static func explain(_ reason: String) {
        Log.say(
            .warning,
            reason + ": services run without limits of memory, processes and processor; what they leave"
                + " behind is found by its session and environment")
    }

    func group(named name: String) -> Cgroup { Cgroup(at: root.path + "/" + name) }

    /// Makes `wanted` available to the services' groups; what cannot be had is said once.
    mutating func enable(_ wanted: Controllers) {
        for (controller, name) in Controllers.all
        where wanted.contains(controller) && !enabled.contains(controller) && !refused.contains(controller) {
            do throws(SystemCallError) {
                try enable("+" + name.description)
                enabled.formUnion(controller)
            } catch {
                refused.formUnion(controller)
                Log.say(
                    .warning, "limits that need " + name.description + " do nothing: " + error.description)
            }
        }
    }

    private mutating func enable(_ controller: String) throws(SystemCallError) {
        do throws(SystemCallError) {
            try own.write(controller, to: "cgroup.subtree_control")
        } catch  where error.code == SystemCallError.busy && leaf == nil {
            // Below the root, a group with controllers for others has no processes itself.
            let leaf = try Cgroup.make(root.path + ".self").group
            try leaf.write("0", to: "cgroup.procs")
            self.leaf = leaf
            try own.write(controller, to: "cgroup.subtree_control")
        }
        try root.write(controller, to: "cgroup.subtree_control")
    }

    /// At the end of an ordinary service manager. What is still populated stays.
    func remove(_ services: [ServiceDefinition]) {
        // A shutdown has removed those of what it stopped, which is everything as a rule.
        if !root.remove() {
            for service in services { group(named: service.name).remove() }
            root.remove()
        }
        guard let leaf else { return }
        for (controller, name) in Controllers.all where enabled.contains(controller) {
            _ = try? own.write("-" + name.description, to: "cgroup.subtree_control")
        }
        _ = try? own.write("0", to: "cgroup.procs")
        leaf.remove()
    }
}

extension Supervision {
    /// Puts the process-to-be into its service's group, which has the service's limits.
    func assignGroup(_ service: Int, to spawn: inout ProcessSpawn) throws(SystemCallError) {
        guard groups != nil else { return }
        let definition = supervisor.plan.services[service]
        if resources[service].group == nil { try makeGroup(service, definition.name) }
        let wanted = definition.resources.controllers
        if !wanted.isEmpty || resources[service].isLimited { limit(service, definition, wanted) }
        if resources[service].wasKilled, resources[service].members == nil {
            resources[service].members = try groups?.group(named: definition.name).openMembers()
        }
        if let members = resources[service].members?.rawValue {
            spawn.joined = members
        } else {
            spawn.cgroup = resources[service].group?.rawValue ?? -1
        }
    }

    private func makeGroup(_ service: Int, _ name: String) throws(SystemCallError) {
        guard let path = groups?.group(named: name).path else { return }
        let (group, wasThere) = try Cgroup.make(path)
        // Nobody knows what an older group has been through: whether it was killed, and its limits.
        resources[service].wasKilled = wasThere
        resources[service].isLimited = wasThere
        resources[service].group = try group.open()
    }

    /// What the plan does not ask for any more is taken back.
    private func limit(_ service: Int, _ definition: ServiceDefinition, _ wanted: GroupHierarchy.Controllers)
    {
        groups?.enable(wanted)
        guard let groups else { return }
        let group = groups.group(named: definition.name)
        for setting in definition.resources.settings where groups.enabled.contains(setting.controller) {
            do throws(SystemCallError) {
                try group.write(setting.value, to: setting.file.description)
            } catch {
                // A kernel without this one: io.weight is rare.
                let isMissing = error.code == SystemCallError.notFound
                guard !isMissing || (!setting.isDefault && !isInputWeightMissing) else { continue }
                if isMissing { isInputWeightMissing = true }
                Log.say(.warning, definition.name + ": " + error.description)
            }
        }
        resources[service].isLimited = !wanted.isEmpty
    }

    /// Kills everything of a service; `groupEmpty` is the answer, now or when the last of it has gone.
    func killGroup(_ service: Int, _ process: Int32) -> Supervisor.Event? {
        guard let group = groups?.group(named: supervisor.plan.services[service].name) else {
            emptying.append(Emptying(service: service, process: process))
            return nil
        }
        // Nothing starts in it any more, and it goes at the end: if it can go now, it is empty.
        if supervisor.isShuttingDown, !options.isSystem, group.remove() {
            resources[service].group = nil
            return groupEmptied(service)
        }
        // A main process that ended alone, as most do, leaves nothing to kill.
        guard group.isPopulated else { return groupEmptied(service) }
        // With a full table: the kill needs a descriptor, and to learn of its effect another.
        let isExhausted = spares.lend()
        defer { if isExhausted { spares.refill() } }
        do throws(SystemCallError) {
            try group.kill()
            resources[service].wasKilled = true
            let events = try group.openEvents()
            guard Cgroup.isPopulated(try events.read(upTo: 256)) else { return groupEmptied(service) }
            try epoll.add(events, tag: Self.tag(.groups, service), for: .change)
            resources[service].events = consume events
            return nil
        } catch {
            Log.say(.error, supervisor.plan.services[service].name + ": " + error.description)
            emptying.append(Emptying(service: service, process: process))
            return nil
        }
    }

    /// The kernel says that something about a group has changed.
    func takeGroupEvent(_ service: Int) {
        guard service < resources.count, resources[service].events != nil else { return }
        // From the beginning: what the kernel says now.
        let bytes = try? resources[service].events?.read(256, at: 0)
        if let bytes, Cgroup.isPopulated(bytes) { return }
        resources[service].events = nil
        handle(groupEmptied(service))
    }

    func groupEmptied(_ service: Int) -> Supervisor.Event {
        removeSecrets(service)
        return .groupEmpty(service: service)
    }

    /// The answer to `measure`.
    func usage(_ service: Int) -> Supervisor.Event {
        let group = groups?.group(named: supervisor.plan.services[service].name)
        let used =
            group?.processorMicroseconds
            ?? ChildProcess.processorMicroseconds(of: supervisor.process(of: service)) ?? 0
        return .usage(service: service, microseconds: used)
    }
}

extension Resources {
    fileprivate struct Setting {
        let controller: GroupHierarchy.Controllers
        let file: StaticString
        let value: String
        let isDefault: Bool
    }

    fileprivate var controllers: GroupHierarchy.Controllers {
        var controllers: GroupHierarchy.Controllers = []
        if memoryMaxBytes | memoryHighBytes | memoryLowBytes != 0 || endsAsOneWhenOutOfMemory {
            controllers.formUnion(.memory)
        }
        if processorWeight != 0 || processorQuotaMicroseconds != 0 { controllers.formUnion(.processor) }
        if processLimit != 0 { controllers.formUnion(.processes) }
        if ioWeight != 0 { controllers.formUnion(.io) }
        return controllers
    }

    fileprivate var settings: [Setting] {
        func size(_ bytes: UInt64) -> String { bytes == 0 ? "max" : String(bytes) }
        let quota =
            processorQuotaMicroseconds == 0
            ? "max" : String(processorQuotaMicroseconds) + " " + String(processorPeriodMicroseconds)
        func setting(
            _ controller: GroupHierarchy.Controllers, _ file: StaticString, _ value: String, _ isDefault: Bool
        ) -> Setting {
            Setting(controller: controller, file: file, value: value, isDefault: isDefault)
        }
        return [
            setting(.memory, "memory.max", size(memoryMaxBytes), memoryMaxBytes == 0),
            setting(.memory, "memory.high", size(memoryHighBytes), memoryHighBytes == 0),
            setting(.memory, "memory.low", String(memoryLowBytes), memoryLowBytes == 0),
            setting(
                .memory, "memory.oom.group", endsAsOneWhenOutOfMemory ? "1" : "0", !endsAsOneWhenOutOfMemory),
            setting(
                .processor, "cpu.weight", String(processorWeight == 0 ? 100 : processorWeight),
                processorWeight == 0),
            setting(.processor, "cpu.max", quota, processorQuotaMicroseconds == 0),
            setting(.processes, "pids.max", size(UInt64(processLimit)), processLimit == 0),
            setting(.io, "io.weight", "default " + String(ioWeight == 0 ? 100 : ioWeight), ioWeight == 0),
        ]
    }
}
