import Services

/// One service file as a definition for the boot plan.
struct ServiceReader {
    let name: String
    let reader: NodeReader
    let accounts: Accounts
    /// Services of this device, and all that there are files for.
    let present: Set<String>
    let known: Set<String>
    let architecture: SystemCallFilter.Architecture

    var diagnostics: DiagnosticCollector { reader.diagnostics }

    func read() -> ServiceDefinition {
        var service = ServiceDefinition(name: name)
        service.kind = value("kind", in: ServiceKeys.kinds) ?? .longRunning
        checkAgainstKind(service.kind)
        service.requires = dependencies("requires")
        service.milestones = dependencies("milestones")
        service.wants = dependencies("wants")
        service.after = dependencies("after")
        service.conflicts = dependencies("conflicts")
        service.program = reader.text("program") ?? ""
        service.arguments = reader.texts("arguments")
        service.environment = (reader.node["environment"]?.entries ?? []).compactMap { entry in
            entry.value.text.map { "\(entry.key)=\($0)" }
        }
        service.environmentDirectories = reader.texts("environment-directories")
        service.secrets = (reader.node["secrets"]?.entries ?? []).compactMap { entry in
            entry.value.text.map { Secret(name: entry.key, path: $0) }
        }
        service.workingDirectory = reader.text("working-directory") ?? ""
        readIdentity(&service)
        readActivation(&service)
        readReadiness(&service)
        readRestart(&service)
        let stop = reader.map("stop")
        service.stopSignal = stop.text("signal").flatMap(signal) ?? service.stopSignal
        service.stopGraceMilliseconds = stop.milliseconds("grace") ?? service.stopGraceMilliseconds
        service.terminal = reader.text("terminal") ?? ""
        service.watchdogMilliseconds = reader.milliseconds("watchdog") ?? 0
        service.resources = readResources()
        service.isolation = readIsolation()
        let log = reader.map("log")
        service.logLimit.linesPerSecond =
            log.integer("lines-per-second").map(UInt32.init) ?? service.logLimit.linesPerSecond
        service.logLimit.burst = log.integer("burst").map(UInt32.init) ?? service.logLimit.burst
        service.runsOncePerInstallation = reader.text("once") == "true"
        service.stopsLast = reader.text("stops-last") == "true"
        for right in reader.texts("control") {
            service.controlRights.insert(right == "log" ? .log : .change)
        }
        return service
    }

    private func readIdentity(_ service: inout ServiceDefinition) {
        if let user = accounts.requireUser(reader.located("user")) {
            service.userID = user.id
            service.groupID = user.groupID
        }
        if let group = accounts.requireGroup(reader.located("group")) { service.groupID = group.id }
        let listed = reader.list("groups").compactMap { accounts.requireGroup($0)?.id }
        let user = reader.text("user") ?? "root"
        let memberships = accounts.groups.filter { $0.members.contains(user) }.map(\.id)
        service.supplementaryGroupIDs = Set(listed + memberships).subtracting([service.groupID]).sorted()
    }

    private func readReadiness(_ service: inout ServiceDefinition) {
        let ready = reader.map("ready")
        service.probeIntervalMilliseconds =
            ready.milliseconds("interval") ?? service.probeIntervalMilliseconds
        if let descriptor = ready.integer("descriptor") {
            service.readiness = .descriptor(Int32(descriptor))
            checkRoom(below: descriptor, for: service.sockets, at: ready.location("descriptor"))
        } else if ready.has("probe") {
            service.readiness = .probe
            service.probe = ready.texts("probe")
        } else if reader.text("ready") == "notify" {
            service.readiness = .notify
        }
        service.startTimeoutMilliseconds =
            reader.milliseconds("start-timeout") ?? service.startTimeoutMilliseconds
    }

    /// Its sockets are descriptors 3, 4, … (sd_listen_fds(3)); what it has stored with PID 1 follows them.
    private func checkRoom(
        below descriptor: Int, for sockets: [ListeningSocket], at location: SourceLocation
    ) {
        let first = 3 + sockets.count
        guard descriptor < first else { return }
        diagnostics.add(
            "descriptor \(descriptor) is one of its sockets", at: location,
            expected: first > ServiceKeys.readinessDescriptors.upperBound
                ? "ready: notify"
                : "at least \(first), after its sockets, and one more for each descriptor that it stores")
    }

    private func readRestart(_ service: inout ServiceDefinition) {
        let restart = reader.map("restart")
        // `restart: always` is short for `restart: {policy: always}`.
        let policy = reader.text("restart") ?? restart.text("policy")
        let byKind: ServiceDefinition.Restart = service.kind == .longRunning ? .onFailure : .never
        service.restart = ServiceKeys.policies.first { $0.0 == policy }?.1 ?? byKind
        service.restartDelayMilliseconds = restart.milliseconds("delay") ?? service.restartDelayMilliseconds
        service.restartDelayLimitMilliseconds =
            restart.milliseconds("delay-limit") ?? service.restartDelayLimitMilliseconds
        service.restartResetMilliseconds =
            restart.milliseconds("reset-after") ?? service.restartResetMilliseconds
        readRestartLimit(&service)
        if service.restartDelayMilliseconds > service.restartDelayLimitMilliseconds {
            diagnostics.add(
                "restart.delay is longer than its limit", at: restart.location("delay"),
                expected: "at most \(service.restartDelayLimitMilliseconds) ms")
        }
        if service.kind == .oneShot, service.restart == .always {
            diagnostics.add(
                "a one-shot service that is always restarted never ends", at: reader.location("restart"),
                expected: "never or on-failure, or kind: long-running")
        }
    }

    private func readRestartLimit(_ service: inout ServiceDefinition) {
        let restart = reader.map("restart")
        if let jitter = restart.text("jitter") {
            service.restartJitterPercent = UInt8(Quantity.percent(jitter) ?? 0)
        }
        let limit = restart.map("limit")
        if let count = limit.integer("count") {
            service.restartLimit = UInt16(count)
            service.restartWindowMilliseconds =
                limit.milliseconds("within") ?? service.restartWindowMilliseconds
        } else if let rate = restart.text("limit").flatMap(Quantity.rate) {
            service.restartLimit = rate.count
            service.restartWindowMilliseconds = rate.milliseconds
        } else if let text = restart.text("limit") {
            diagnostics.add(
                "limit is too large: \(text)", at: restart.location("limit"),
                expected: "at most \(UInt16.max) restarts in at most \(Quantity.longestDurationDays) d")
        }
        service.finalAction = readFinalAction(restart)
    }

    private func readFinalAction(_ restart: NodeReader) -> ServiceDefinition.FinalAction {
        switch restart.text("then") {
        case "reboot": return .reboot
        case "fallback-slot": return .fallbackSlot
        default: break
        }
        guard restart.has("then") else { return .none }
        let then = restart.map("then")
        guard oneOf(["isolate", "start"], in: then, of: "then") else { return .none }
        if let name = requireService(then.located("isolate"), in: "then") { return .isolate(name) }
        if let name = requireService(then.located("start"), in: "then") { return .start(name) }
        return .none
    }

    /// Reports anything but exactly one of these keys.
    func oneOf(_ keys: [String], in reader: NodeReader, of what: String) -> Bool {
        if reader.node.isInvalid { return false }
        let given = keys.filter { reader.has($0) }
        if given.count == 1 { return true }
        diagnostics.add(
            given.isEmpty
                ? "\(what) says nothing" : "\(what) cannot have '\(given[0])' and '\(given[1])'",
            at: given.count > 1
                ? reader.node.keyLocation(given[1]) ?? reader.node.location : reader.node.location,
            expected: "one of \(keys.joined(separator: ", "))")
        return false
    }

    /// Nil, and reported, unless this device has the service.
    private func requireService(_ name: Located<String>?, in key: String) -> String? {
        guard let name else { return nil }
        if present.contains(name.value) { return name.value }
        diagnostics.addUnknown("service", name.value, at: name.location, among: present, where: "in \(key)")
        return nil
    }

    /// Keys that say nothing for this kind of service.
    private func checkAgainstKind(_ kind: ServiceDefinition.Kind) {
        let senseless: [String]
        switch kind {
        case .longRunning: senseless = []
        case .oneShot: senseless = ["ready", "watchdog", "stop-when-idle"]
        case .target:
            senseless = [
                "program", "arguments", "environment", "environment-directories", "secrets",
                "working-directory", "user", "group", "groups", "ready", "restart", "stop", "terminal",
                "limits", "isolation", "log", "sockets", "watchdog", "start-timeout",
            ]
        }
        for entry in reader.node.entries where senseless.contains(entry.key) {
            let kindName = kind == .target ? "target" : "one-shot service"
            let reason = kind == .target ? "runs nothing" : "is ready when it has ended"
            diagnostics.add(
                "'\(entry.key)' contradicts the kind: a \(kindName) \(reason)", at: entry.keyLocation,
                expected: "another kind, or no '\(entry.key)'")
        }
        if kind != .oneShot, let once = reader.node.keyLocation("once") {
            diagnostics.add(
                "'once' is for one-shot services", at: once, expected: "kind: one-shot, or no 'once'")
        }
        if kind != .target, !reader.has("program") {
            diagnostics.add(
                "'program' is missing", at: reader.node.location,
                expected: "the program's path in the image, or kind: target")
        }
    }

    /// Names in the boot plan must all exist. `after` is order only: what this device
    /// lacks is left out, and conflicts with nobody.
    private func dependencies(_ key: String) -> [String] {
        reader.list(key).compactMap { other in
            if present.contains(other.value) { return other.value }
            if !known.contains(other.value) {
                diagnostics.addUnknown(
                    "service", other.value, at: other.location, among: present, where: "in \(key)")
            } else if key != "after", key != "conflicts" {
                diagnostics.add(
                    "\(name) \(key) '\(other.value)', which this device does not have", at: other.location,
                    expected: "'\(other.value)' in the device's services")
            }
            return nil
        }
    }

    func value<Value>(_ key: String, in table: [(String, Value)]) -> Value? {
        reader.text(key).flatMap { text in table.first { $0.0 == text }?.1 }
    }

    private func signal(_ name: String) -> UInt8? { ServiceKeys.signals.first { $0.0 == name }?.1 }
}
