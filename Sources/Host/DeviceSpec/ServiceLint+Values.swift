import Services

/// Values that contradict each other within one service.
extension ServiceLint {
    func checkValues(_ service: ServiceDefinition, _ reader: NodeReader) {
        checkMemory(service.resources, reader.map("limits"))
        checkTimes(service, reader)
        checkRestart(service, reader)
        checkIsolation(service, reader)
    }

    private func checkMemory(_ resources: Resources, _ limits: NodeReader) {
        let most = resources.memoryMaxBytes
        for (key, bytes) in [
            ("memory-high", resources.memoryHighBytes), ("memory-low", resources.memoryLowBytes),
        ] where most > 0 && bytes > most {
            diagnostics.add(
                "\(key) is above memory: it never takes effect", at: limits.location(key),
                expected: "at most \(limits.text("memory") ?? "")")
        }
        if let processors, resources.processorQuotaMicroseconds > 0 {
            let share = UInt64(resources.processorPeriodMicroseconds) * UInt64(processors)
            if UInt64(resources.processorQuotaMicroseconds) > share {
                diagnostics.warn(
                    "cpu is more than the machine has: it never takes effect", at: limits.location("cpu"),
                    expected: "at most \(processors * 100) %")
            }
        }
    }

    private func checkTimes(_ service: ServiceDefinition, _ reader: NodeReader) {
        if service.watchdogMilliseconds > 0, service.readiness != .notify {
            diagnostics.warn(
                "watched from its first moment on: it says WATCHDOG=1, but not when it is ready",
                at: reader.location("watchdog"), expected: "ready: notify")
        }
        let start = service.startTimeoutMilliseconds
        if service.readiness == .probe, start > 0, service.probeIntervalMilliseconds >= start {
            diagnostics.add(
                "only one probe fits into the start timeout of \(start) ms",
                at: reader.map("ready").location("interval"), expected: "a shorter interval")
        }
        if service.stopGraceMilliseconds > shutdownBudgetMilliseconds {
            diagnostics.warn(
                "its grace is longer than the whole shutdown", at: reader.map("stop").location("grace"),
                expected: "at most \(shutdownBudgetMilliseconds) ms")
        }
        let activation = service.activation
        if activation.idleStopMilliseconds > 0, !activation.hasTriggers {
            diagnostics.warn(
                "once idle, it stops and nothing starts it again", at: reader.location("stop-when-idle"),
                expected: "start-on")
        }
        let nodes = reader.map("start-on").node["timers"]?.items ?? []
        for (timer, node) in zip(activation.timers, nodes) {
            guard case .every(let period) = timer.schedule, UInt64(timer.jitterMilliseconds) >= period else {
                continue
            }
            diagnostics.warn(
                "the jitter is as long as the timer's period", at: node["jitter"]?.location ?? node.location,
                expected: "less than \(period) ms")
        }
    }

    private func checkRestart(_ service: ServiceDefinition, _ reader: NodeReader) {
        let restart = reader.map("restart")
        if service.finalAction != .none, service.restart != .never, service.restartLimit == 0 {
            diagnostics.warn(
                "'then' never happens: restarts have no limit", at: restart.location("then"),
                expected: "a 'limit', or policy: never")
        }
        if service.restart == .never, service.restartLimit > 0 {
            diagnostics.warn(
                "'limit' says nothing: it is never restarted", at: restart.location("limit"),
                expected: "another policy, or no 'limit'")
        }
        // Were the limit above what the delays let happen in its time, it would never be reached.
        let limit = UInt64(service.restartLimit)
        let fastest = limit * UInt64(service.restartDelayMilliseconds)
        if limit > 0, service.restart != .never, fastest > UInt64(service.restartWindowMilliseconds) {
            diagnostics.warn(
                "'limit' is never reached: \(limit) restarts take at least \(fastest) ms",
                at: restart.location("limit"), expected: "fewer restarts, a longer time or a shorter delay")
        }
    }

    private func checkIsolation(_ service: ServiceDefinition, _ reader: NodeReader) {
        let isolation = service.isolation
        let node = reader.map("isolation")
        if isolation.ambientCapabilities != 0, service.userID == 0 {
            diagnostics.warn(
                "root has its capabilities anyway", at: node.location("ambient-capabilities"),
                expected: "capabilities, or a 'user'")
        }
        if isolation.namespaces.contains(.network),
            service.sockets.isEmpty, reader.list("wants").contains(where: { $0.value == "network" })
        {
            diagnostics.warn(
                "wants the network, but has one of its own without any interface",
                at: node.location("namespaces"), expected: "no network namespace")
        }
        if service.resources.schedulingPriority > 0, service.userID == 0,
            service.resources.processorQuotaMicroseconds == 0
        {
            diagnostics.warn(
                "a real-time service without a bound can stall the handset",
                at: reader.map("limits").location("scheduling"), expected: "limits.cpu")
        }
    }
}
