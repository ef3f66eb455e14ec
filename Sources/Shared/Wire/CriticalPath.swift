/// What `ready` waited for, from the first to the last: had one of these been faster, it would have come
/// earlier.
///
///     kernel → modules → stage 1, which has mounted → services, each after the last of what it needed
///                               └→ late modules ────┘ where a device that such a module brought started it
public struct CriticalPath: Sendable, Equatable {
    /// Indices of the timeline's spans, in the order in which they started.
    public private(set) var spans: [Int] = []
    /// Indices of its marks: the mounts without which no service could begin.
    public private(set) var marks: [Int] = []

    /// None is known.
    public init() {}

    public init(to services: [String], in timeline: BootTimeline, _ order: BootOrder) {
        guard var current = timeline.last(of: services, order) else { return }
        var firstService = current
        while !spans.contains(current) {
            spans.append(current)
            if timeline.spans[current].kind == .service { firstService = current }
            guard let next = timeline.predecessor(of: current, order) else { break }
            current = next
        }
        spans.reverse()
        spans.sort { timeline.spans[$0].start < timeline.spans[$1].start }
        let begin = timeline.spans[firstService].start
        marks = timeline.marks.indices.filter { timeline.marks[$0].isMount && timeline.marks[$0].at <= begin }
    }
}

/// Who waits for whom, as the plan knows it.
public struct BootOrder: Sendable {
    /// The services that must be up before this one.
    let needs: @Sendable (String) -> [String]
    /// Whether devices start it: a module's doing, as a rule.
    let waitsForDevice: @Sendable (String) -> Bool

    public init(
        needs: @escaping @Sendable (String) -> [String],
        waitsForDevice: @escaping @Sendable (String) -> Bool = { _ in false }
    ) {
        (self.needs, self.waitsForDevice) = (needs, waitsForDevice)
    }
}

extension BootTimeline {
    /// The span of a service's first start; nil for what never had one, as targets.
    public func firstStart(of service: String) -> Int? {
        spans.firstIndex { $0.kind == .service && UTF8Text.equal($0.name, service) }
    }

    /// What a service's start waited for last: of those that it needs, the one that was up last before it
    /// began; or the module that was being inserted when a device started it.
    public func cause(of span: Int, _ order: BootOrder) -> Int? {
        let start = spans[span].start
        let needed = newest(order.needs(spans[span].name), order, by: start)
        guard order.waitsForDevice(spans[span].name),
            // The device may appear before the module's insertion is over.
            let module = spans.lastIndex(where: { $0.kind == .module && $0.start <= start }),
            min(spans[module].end, start) > needed.map({ spans[$0].end }) ?? 0
        else { return needed }
        return module
    }

    /// The last of these to be up, if all were so by `ready`.
    fileprivate func last(of services: [String], _ order: BootOrder) -> Int? {
        readyNanoseconds.flatMap { newest(services, order, by: $0) }
    }

    /// Of these services, the one that was up last by `moment`. What has no span of its own (a target) stands
    /// for what it needs itself.
    private func newest(_ services: [String], _ order: BootOrder, by moment: UInt64) -> Int? {
        var (pending, seen, latest) = (services, [String](), Int?.none)
        while let name = pending.popLast() {
            if seen.contains(where: { UTF8Text.equal($0, name) }) { continue }
            seen.append(name)
            guard let index = firstStart(of: name) else {
                pending += order.needs(name)
                continue
            }
            guard spans[index].end <= moment else { continue }
            if latest.map({ spans[index].end > spans[$0].end }) ?? true { latest = index }
        }
        return latest
    }

    /// What had to be over before this could begin, or, of stage 1, before it could be over.
    fileprivate func predecessor(of span: Int, _ order: BootOrder) -> Int? {
        let one = spans[span]
        switch one.kind {
        case .kernel: return nil
        case .service: return cause(of: span, order) ?? newest([.stage], by: one.start)
        // Inserted one after the other.
        case .module: return newest([.kernel, .stage, .module], by: one.start, besides: span)
        case .stage:
            let module = newest([.module], by: one.end)
            if let module, spans[module].start >= one.start { return module }
            return newest([.kernel], by: one.start)
        }
    }

    private func newest(_ kinds: [Span.Kind], by moment: UInt64, besides other: Int = -1) -> Int? {
        var latest: Int?
        for (index, span) in spans.enumerated()
        where index != other && span.end <= moment && kinds.contains(where: { $0 == span.kind }) {
            if latest.map({ span.end >= spans[$0].end }) ?? true { latest = index }
        }
        return latest
    }
}
