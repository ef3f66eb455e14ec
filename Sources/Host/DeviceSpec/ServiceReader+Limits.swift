import Services

extension ServiceReader {
    func readResources() -> Resources {
        let limits = reader.map("limits")
        var resources = Resources()
        resources.memoryMaxBytes = limits.bytes("memory") ?? 0
        resources.memoryHighBytes = limits.bytes("memory-high") ?? 0
        resources.memoryLowBytes = limits.bytes("memory-low") ?? 0
        resources.endsAsOneWhenOutOfMemory = limits.text("memory-ends-all") == "true"
        resources.processorWeight = limits.integer("cpu-weight").map { UInt16($0) } ?? 0
        resources.processLimit = limits.integer("processes").map { UInt32($0) } ?? 0
        resources.ioWeight = limits.integer("io-weight").map { UInt16($0) } ?? 0
        resources.outOfMemoryScore = limits.integer("oom-score").map { Int16($0) } ?? 0
        resources.nice = limits.integer("nice").map { Int8($0) } ?? 0
        readProcessorShare(&resources, limits)
        readScheduling(&resources, limits)
        resources.limits = readProcessLimits(limits)
        return resources
    }

    private func readProcessorShare(_ resources: inout Resources, _ limits: NodeReader) {
        guard let text = limits.text("cpu") else { return }
        // The kernel's bounds for cpu.max.
        guard let share = Quantity.processorShare(text), (1_000...1_000_000).contains(share.period),
            share.quota >= 1_000
        else {
            diagnostics.add(
                "cpu is out of range: \(text)", at: limits.location("cpu"),
                expected: "at least 1 ms per 1 ms to 1 s")
            return
        }
        resources.processorQuotaMicroseconds = share.quota
        resources.processorPeriodMicroseconds = share.period
    }

    private func readScheduling(_ resources: inout Resources, _ limits: NodeReader) {
        let table = limits.map("scheduling")
        let name = limits.text("scheduling") ?? table.text("class")
        resources.scheduling = ServiceKeys.schedulingClasses.first { $0.0 == name }?.1 ?? .other
        let priority = table.integer("priority")
        if resources.scheduling == .fifo || resources.scheduling == .roundRobin {
            resources.schedulingPriority = UInt8(priority ?? 1)
        } else if priority != nil {
            diagnostics.add(
                "only fifo and round-robin have a priority", at: table.location("priority"),
                expected: "no 'priority', or class: fifo")
        }
    }

    private func readProcessLimits(_ limits: NodeReader) -> [Resources.ProcessLimit] {
        limits.node.entries.compactMap { entry in
            guard let key = ServiceKeys.processLimits.first(where: { $0.name == entry.key }) else {
                return nil
            }
            let pair = limits.map(key.name)
            let isPair = entry.value.text == nil
            guard let soft = limit(key, isPair ? pair.text("soft") : entry.value.text),
                let hard = limit(key, isPair ? pair.text("hard") : entry.value.text)
            else { return nil }
            if soft > hard {
                diagnostics.add(
                    "\(key.name): the soft limit is above the hard one", at: pair.location("soft"),
                    expected: "at most the hard limit")
            }
            return Resources.ProcessLimit(resource: key.resource, soft: soft, hard: hard)
        }
    }

    private func limit(_ key: ServiceKeys.ProcessLimitKey, _ text: String?) -> UInt64? {
        guard let text else { return nil }
        if text == "unlimited" { return Resources.ProcessLimit.infinity }
        return key.isSize ? Quantity.bytes(text) : UInt64(text)
    }
}
