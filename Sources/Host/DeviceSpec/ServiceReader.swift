import Services

/// One service file as a definition for the boot plan.
struct ServiceReader {
    let name: String
    let reader: NodeReader
    let accounts: Accounts
    /// Services of this device, and all that there are files for.
    let present: Set<String>
    let known: Set<String>

    private var diagnostics: DiagnosticCollector { reader.diagnostics }

    func read() -> ServiceDefinition {
        var service = ServiceDefinition(name: name)
        service.kind = value("kind", in: ServiceKeys.kinds) ?? .longRunning
        checkAgainstKind(service.kind)
        service.requires = dependencies("requires")
        service.wants = dependencies("wants")
        service.after = dependencies("after")
        service.program = reader.text("program") ?? ""
        service.arguments = reader.texts("arguments")
        service.environment = (reader.node["environment"]?.entries ?? []).compactMap { entry in
            entry.value.text.map { "\(entry.key)=\($0)" }
        }
        readIdentity(&service)
        readReadiness(&service)
        readRestart(&service)
        let stop = reader.map("stop")
        service.stopSignal = stop.text("signal").flatMap(signal) ?? service.stopSignal
        service.stopGraceMilliseconds = stop.milliseconds("grace") ?? service.stopGraceMilliseconds
        service.terminal = reader.text("terminal") ?? ""
        let limits = reader.map("limits")
        service.resources.memoryMaxBytes = limits.bytes("memory") ?? 0
        service.resources.processLimit = limits.integer("processes").map(UInt32.init) ?? 0
        service.stopsLast = reader.text("stops-last") == "true"
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
        if let descriptor = reader.map("ready").integer("descriptor") {
            service.readiness = .descriptor(Int32(descriptor))
        } else if reader.text("ready") == "notify" {
            service.readiness = .notify
        }
        service.startTimeoutMilliseconds =
            reader.milliseconds("start-timeout") ?? service.startTimeoutMilliseconds
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

    /// Keys that say nothing for this kind of service.
    private func checkAgainstKind(_ kind: ServiceDefinition.Kind) {
        let senseless: [String]
        switch kind {
        case .longRunning: senseless = []
        case .oneShot: senseless = ["ready"]
        case .target:
            senseless = [
                "program", "arguments", "environment", "user", "group", "groups", "ready", "restart", "stop",
                "terminal", "limits", "start-timeout",
            ]
        }
        for entry in reader.node.entries where senseless.contains(entry.key) {
            let kindName = kind == .target ? "target" : "one-shot service"
            let reason = kind == .target ? "runs nothing" : "is ready when it has ended"
            diagnostics.add(
                "'\(entry.key)' contradicts the kind: a \(kindName) \(reason)", at: entry.keyLocation,
                expected: "another kind, or no '\(entry.key)'")
        }
        if kind != .target, !reader.has("program") {
            diagnostics.add(
                "'program' is missing", at: reader.node.location,
                expected: "the program's path in the image, or kind: target")
        }
    }

    /// Names in the boot plan must all exist. `after` is order only: what this device lacks is left out.
    private func dependencies(_ key: String) -> [String] {
        reader.list(key).compactMap { other in
            if present.contains(other.value) { return other.value }
            if !known.contains(other.value) {
                diagnostics.addUnknown(
                    "service", other.value, at: other.location, among: present, where: "in \(key)")
            } else if key != "after" {
                diagnostics.add(
                    "\(name) \(key) '\(other.value)', which this device does not have", at: other.location,
                    expected: "'\(other.value)' in the device's services")
            }
            return nil
        }
    }

    private func value<Value>(_ key: String, in table: [(String, Value)]) -> Value? {
        reader.text(key).flatMap { text in table.first { $0.0 == text }?.1 }
    }

    private func signal(_ name: String) -> UInt8? { ServiceKeys.signals.first { $0.0 == name }?.1 }
}
