import LinuxSystem
import Services
import Wire

/// What a service's definition asks for, as steps of its new process. A service that asks for nothing costs
/// nothing here.
///
/// The order is the kernel's: what opens files comes before what closes them to it, what needs root's powers
/// before they are given up, and the system call filter is the very last.
///
/// An ordinary user's supervisor has no such powers. Where a service asks for some, it is born in a user
/// namespace of its own, in which it has them.
extension ProcessSpawn {
    /// Called, not copied: an array grows in more code than a step is made in.
    @inline(never)
    private mutating func add(_ step: SpawnStep) { steps.append(step) }

    /// - Parameters:
    ///   - emptyFile: nobody may read it; it lies over hidden files.
    ///   - main: a pidfd of the service's main process, whose namespaces it takes over (except that of
    ///     processes, which only a child could enter) instead of having its own; −1: none.
    mutating func isolate(_ definition: ServiceDefinition, emptyFile: String, joining main: Int32 = -1) {
        let isolation = definition.isolation
        let isRoot = ChildProcess.effectiveUser == 0
        let wanted = isolation.ownNamespaces(isRoot: isRoot)
        if definition.resources.outOfMemoryScore != 0 {
            add(
                .write(String(definition.resources.outOfMemoryScore), to: "/proc/self/oom_score_adj"))
        }
        var user: Int?
        if isRoot, isolation.namespaces.contains(.user) {
            user = steps.count
            add(.prepareUserNamespace(user: definition.userID, group: definition.groupID))
        }
        if main >= 0 {
            if !wanted.isEmpty { add(.join(main, wanted.subtracting(.pid))) }
        } else {
            namespaces = wanted
            if wanted.contains(.user) { steps += SpawnStep.mapThisUser() }
            if wanted.contains(.mount) {
                arrangeMounts(definition, ownsTemporaryFiles: isRoot, emptyFile: emptyFile)
            }
            if wanted.contains(.network) { add(.loopback) }
        }
        schedule(definition.resources)
        if !definition.workingDirectory.isEmpty {
            add(.workingDirectory(definition.workingDirectory))
        }
        restrict(definition, isRoot: isRoot, userNamespace: user)
        systemCallFilter = isolation.systemCallFilter
    }

    private mutating func schedule(_ resources: Resources) {
        if resources.nice != 0 { add(.nice(resources.nice)) }
        if resources.scheduling != .other {
            add(
                .scheduler(resources.scheduling.rawValue, priority: resources.schedulingPriority))
        }
    }

    /// From here on it becomes less and less able.
    private mutating func restrict(
        _ definition: ServiceDefinition, isRoot: Bool, userNamespace user: Int?
    ) {
        let isolation = definition.isolation
        let landlock = beginLandlock(isolation.landlock)
        for limit in definition.resources.limits {
            add(.limit(limit.resource, soft: limit.soft, hard: limit.hard))
        }
        let changesIdentity = definition.changesIdentity(isRoot: isRoot)
        if changesIdentity, isRoot || !definition.supplementaryGroupIDs.isEmpty {
            supplementaryGroupIDs = definition.supplementaryGroupIDs
            add(.supplementaryGroups)
        }
        if let user { add(.enterUserNamespace(preparedBy: user)) }
        if isolation.boundingCapabilities != .max {
            add(.boundingCapabilities(isolation.boundingCapabilities))
        }
        if isolation.noNewPrivileges { add(.noNewPrivileges) }
        if let landlock { add(.enforceLandlock(begunBy: landlock)) }
        if changesIdentity {
            add(
                .identity(
                    user: definition.userID, group: definition.groupID, keeping: isolation.keptCapabilities))
        }
        if isolation.ambientCapabilities != 0 {
            add(.ambientCapabilities(isolation.ambientCapabilities))
        }
    }

    private mutating func beginLandlock(_ rules: [Isolation.LandlockRule]) -> Int? {
        guard !rules.isEmpty else { return nil }
        let (beginning, version) = (steps.count, Landlock.version)
        add(.beginLandlock(version: version))
        for rule in rules {
            var rights: Landlock.Rights = []
            if rule.access.contains(.read) { rights.formUnion(.read) }
            if rule.access.contains(.write) { rights.formUnion(.write) }
            if rule.access.contains(.execute) { rights.formUnion(.execute) }
            add(.allow(rights, beneath: rule.path, version: version, begunBy: beginning))
        }
        return beginning
    }
}

// The service's own view of the file system.
extension ProcessSpawn {
    private mutating func arrangeMounts(
        _ definition: ServiceDefinition, ownsTemporaryFiles: Bool, emptyFile: String
    ) {
        let isolation = definition.isolation
        add(.privateMounts)
        var empty: [Int] = []
        for rule in isolation.paths where rule.isHidden {
            empty.append(steps.count)
            add(.catchTree(emptyFile))
        }
        // What is bound is what PID 1 sees there, whatever the service finds in its place.
        var sources: [Int] = []
        for rule in isolation.paths {
            guard case .bind(let source, _) = rule.kind else { continue }
            sources.append(steps.count)
            add(.catchTree(source, isOptional: rule.isOptional))
        }
        if isolation.hasPrivateDevices { add(.privateDevices) }
        if isolation.hasPrivateTemporaryFiles {
            for (path, isOptional) in [("/tmp", false), ("/var/tmp", true)] {
                add(
                    .mount(
                        "tmpfs", at: path, [.noSetuid, .noDevices], options: "mode=1777",
                        isOptional: isOptional))
            }
        }
        if namespaces.contains(.pid) {
            add(.mount("proc", at: "/proc", [.noSetuid, .noDevices, .noExecute]))
        }
        if isolation.isFileSystemReadOnly { closeRoot(isolation) }
        let owner =
            ownsTemporaryFiles
            ? ",uid=" + String(definition.userID) + ",gid=" + String(definition.groupID) : ""
        // Each is used up by the rule that it was caught for.
        (empty, sources) = (empty.reversed(), sources.reversed())
        for rule in isolation.paths {
            switch rule.kind {
            case .bind: add(rule, caught: sources.removeLast(), owner: owner)
            case .hidden: add(rule, caught: empty.removeLast(), owner: owner)
            default: add(rule, caught: -1, owner: owner)
            }
        }
    }

    /// What stays as it is lies over the closed root again, with its own attributes.
    private mutating func closeRoot(_ isolation: Isolation) {
        var open = ["/dev", "/proc", "/sys", "/run", "/tmp"]
        if isolation.hasPrivateTemporaryFiles { open.append("/var/tmp") }
        let first = steps.count
        for path in open { add(.catchTree(path, isOptional: true)) }
        add(.readOnlyRoot)
        for (index, path) in open.enumerated() { add(.place(first + index, at: path)) }
    }

    private mutating func add(_ rule: Isolation.PathRule, caught: Int, owner: String) {
        let isOptional = rule.isOptional
        switch rule.kind {
        case .readOnly: add(.cover(rule.path, setting: .readOnly, isOptional: isOptional))
        case .writable: add(.cover(rule.path, clearing: .readOnly, isOptional: isOptional))
        case .hidden: add(.hide(rule.path, under: caught, isOptional: isOptional))
        case .bind(_, let isReadOnly):
            add(.place(caught, at: rule.path, setting: isReadOnly ? .readOnly : []))
        case .temporary(let size):
            let options = "mode=0755" + owner + (size == 0 ? "" : ",size=" + String(size))
            add(
                .mount(
                    "tmpfs", at: rule.path, [.noSetuid, .noDevices], options: options, isOptional: isOptional)
            )
        }
    }
}

extension Isolation {
    /// What its process is born into. That of users is entered late by root's services: until then they need
    /// root's powers, and what they have made before stays out of their reach.
    fileprivate func ownNamespaces(isRoot: Bool) -> ProcessSpawn.Namespaces {
        var own: ProcessSpawn.Namespaces = []
        if namespaces.contains(.mount) || changesMounts { own.insert(.mount) }
        if namespaces.contains(.pid) { own.insert(.pid) }
        if namespaces.contains(.ipc) { own.insert(.ipc) }
        if namespaces.contains(.uts) { own.insert(.uts) }
        if namespaces.contains(.network) { own.insert(.network) }
        let needsPowers =
            !own.isEmpty || namespaces.contains(.user) || boundingCapabilities != .max
            || ambientCapabilities != 0
        if !isRoot, needsPowers { own.insert(.user) }
        return own
    }

    /// Whether anything here needs a mount namespace; a /proc of a pid namespace's own is a mount, too.
    fileprivate var changesMounts: Bool {
        hasPrivateTemporaryFiles || hasPrivateDevices || isFileSystemReadOnly || !paths.isEmpty
            || namespaces.contains(.pid)
    }

    /// Until `execve`: without no-new-privileges, a filter may be installed by an administrator only.
    fileprivate var keptCapabilities: UInt64 {
        let administrate: UInt64 = 1 << 21
        let needsAdministrator = !systemCallFilter.isEmpty && !noNewPrivileges
        return ambientCapabilities | (needsAdministrator ? administrate : 0)
    }

    var hidesFiles: Bool { paths.contains { $0.isHidden } }
}

extension Isolation.PathRule {
    /// Not by `==`: that would compare paths as text, with all of Unicode behind it.
    fileprivate var isHidden: Bool { if case .hidden = kind { true } else { false } }
}

extension ServiceDefinition {
    /// 0 is who PID 1 is already; an ordinary user's supervisor needs no step to become its user.
    fileprivate func changesIdentity(isRoot: Bool) -> Bool {
        let asksFor = userID != 0 || groupID != 0 || !supplementaryGroupIDs.isEmpty
        return asksFor && (isRoot || userID != ChildProcess.effectiveUser)
    }
}
