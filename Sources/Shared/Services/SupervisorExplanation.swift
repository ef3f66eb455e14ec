import Wire

// What `amosctl why` says. Sentences for people; the caller adds since when.
extension Supervisor {
    /// How many services a chain of reasons names at most: more would not be read.
    private static let chainLimit = 16

    public func restarts(of service: Int) -> UInt32 { records[service].restartCount }

    /// When its state ends by itself, if nothing else happens before: start timeout, restart, kill.
    public func deadline(of service: Int) -> UInt64? { deadlines.time(of: slot(.state, service)) }

    /// The service whose need made this one wanted; nil: it is not wanted, or by itself.
    public func wantedBy(_ service: Int) -> Int? {
        let source = Int(records[service].wantSource)
        return records[service][.wanted] && source >= 0 ? source : nil
    }

    /// Why a service runs, or does not: what it does, who wants it, what it waits for and why that is not
    /// there, when it goes on by itself, what could start it.
    public func explanation(of service: Int) -> [String] {
        var lines = [standing(of: service)]
        if records[service][.wanted] { lines.append(want(of: service)) }
        switch records[service].state {
        case .waiting: lines += obstacles(of: service)
        case .blocked: lines += chain(from: service)
        case .stopping: lines += stopObstacles(of: service)
        case .stopped, .failed: lines += rest(of: service)
        case .done, .starting, .ready, .backoff: break
        }
        if records[service].restartCount > 0 {
            lines.append("It was restarted \(records[service].restartCount) times.")
        }
        return lines
    }

    private func standing(of service: Int) -> String {
        let record = records[service]
        let because = record.reason == .none ? "" : ": " + text(of: record.reason)
        let subject = name(service)
        switch record.state {
        case .stopped: return subject + " does not run" + because + "."
        case .waiting: return subject + " waits for its start" + because + "."
        case .blocked: return subject + " cannot start" + because + "."
        case .starting:
            return subject + " is starting as process \(record.process)" + remaining(service, "; it fails in")
        case .ready:
            let process = record.process == 0 ? "" : " as process \(record.process)"
            return subject + " is ready" + process + because + "."
        case .done: return subject + (isDoneForGood(service) ? " was done once and for all." : " is done.")
        case .backoff: return subject + because + remaining(service, "; it restarts in")
        case .stopping: return subject + " is stopping" + because + remaining(service, "; it is killed in")
        case .failed:
            let limit = record[.exhausted] ? "; it may not be restarted any more" : ""
            return subject + " has failed" + because + limit + "."
        }
    }

    private func remaining(_ service: Int, _ words: String) -> String {
        guard let time = deadline(of: service) else { return "." }
        return words + " \(time > now ? time - now : 0) ms."
    }

    private func want(of service: Int) -> String {
        var links: [String] = []
        var current = service
        while let source = wantedBy(current), links.count < Self.chainLimit, source != service {
            links.append(name(source))
            current = source
        }
        let cause =
            switch records[current].wantCause {
            case .boot: "by the boot"
            case .command: "by command"
            case .trigger: "by one of its triggers"
            case .finalAction: "by the final action of a service that failed"
            case .need, .none: "by a service that is not wanted any more"
            }
        guard !links.isEmpty else { return "It is wanted " + cause + "." }
        return "It is needed by " + joined(links, " ← ") + ", which is wanted " + cause + "."
    }

    private func obstacles(of service: Int) -> [String] {
        var lines: [String] = []
        for position in graph.requires.range(of: service)
        where !records[graph.requires[position]].state.isUp {
            add(graph.requires[position], "requires", to: &lines)
        }
        for position in graph.milestones.range(of: service)
        where !records[graph.milestones[position]][.hasBeenUp] {
            add(graph.milestones[position], "needs as a milestone", to: &lines)
        }
        for position in graph.after.range(of: service)
        where records[graph.after[position]].state.isUnsettled {
            add(graph.after[position], "comes after", to: &lines)
        }
        for position in graph.conflicts.range(of: service)
        where records[graph.conflicts[position]].state.isActive {
            add(graph.conflicts[position], "conflicts with", to: &lines)
        }
        return lines
    }

    // Not inlined four times: the text work is kilobytes of PID 1.
    @inline(never)
    private func add(_ other: Int, _ relation: String, to lines: inout [String]) {
        guard lines.count < Self.chainLimit else { return }
        lines.append("It " + relation + " " + name(other) + ", which is " + condition(of: other) + ".")
    }

    /// From what blocks it to the one that is down by itself.
    private func chain(from service: Int) -> [String] {
        var lines: [String] = []
        var current = service
        while records[current].state == .blocked {
            let next = firstDown(of: current)
            guard next != current else { break }
            if lines.count < Self.chainLimit {
                let condition = condition(of: next)
                lines.append(name(current) + " needs " + name(next) + ", which is " + condition + ".")
            }
            current = next
        }
        if current != service { lines += Array(explanation(of: current).prefix(1)) + rest(of: current) }
        return lines
    }

    private func stopObstacles(of service: Int) -> [String] {
        var lines: [String] = []
        guard !records[service][.signalled] else { return lines }
        for position in graph.requiredBy.range(of: service)
        where records[graph.requiredBy[position]].state.isActive && lines.count < Self.chainLimit {
            let other = graph.requiredBy[position]
            lines.append("It waits until " + name(other) + ", which requires it, has stopped.")
        }
        return lines
    }

    private func rest(of service: Int) -> [String] {
        let record = records[service]
        if record[.armed] { return ["Its triggers are watched."] }
        if record[.resting] { return ["Its triggers are watched again" + remaining(service, " in")] }
        if record[.wanted] { return [] }
        guard record[.exhausted] else { return ["Only a command or a service that needs it starts it."] }
        return ["Only a command starts it again: amosctl start " + name(service) + "."]
    }

    private func condition(of service: Int) -> String {
        let state = records[service].state.announced.name
        let reason = records[service].reason
        return reason == .none ? state : state + " (" + text(of: reason) + ")"
    }

    private func joined(_ texts: [String], _ separator: String) -> String {
        var result = ""
        for text in texts { result += (result.isEmpty ? "" : separator) + text }
        return result
    }
}
