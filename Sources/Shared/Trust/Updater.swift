import Wire

/// The client's workflow (TUF specification 1.0, section 5) as a state machine: events in, effects out.
///
/// ```
///   refresh ─▶ root N+1, N+2 … until absent ─▶ cached timestamp, snapshot ─▶ timestamp
///           ─▶ snapshot, unless the cached one is right ─▶ targets, unless … ─▶ .refreshed
///   find    ─▶ each role that may know the path, best first: cached, else fetched ─▶ .found
/// ```
/// One request is under way at a time. Whatever was verified is persisted before the next request, so an
/// update that ends anywhere leaves what it had reached; whatever was refused is persisted nowhere.
public struct Updater<Cryptography: TrustCryptography> {
    private enum State {
        case idle
        case root(count: Int)
        case cachedTimestamp
        case cachedSnapshot(timestamp: [UInt8]?)
        case timestamp(snapshot: [UInt8]?)
        case snapshot
        case cachedTargets
        case targets
        case ready
        case cachedRole(RoleSearch, Delegation)
        case role(RoleSearch, Delegation)
        case failed
    }

    public private(set) var trusted: TrustedMetadata<Cryptography>
    public private(set) var floor: TimeFloor
    private let limits: UpdateLimits
    private var state = State.idle
    /// Of the fetch under way.
    private var pending: (name: String, byteLimit: Int64) = ("", 0)

    /// - Parameters:
    ///   - root: the stored root, or the one that the system image brings.
    ///   - clock: nil where the device knows that its clock was never set.
    public init(
        trustedRoot root: [UInt8], floor: TimeFloor, clock: Int64?, cryptography: Cryptography,
        limits: UpdateLimits = UpdateLimits()
    ) throws(TrustError) {
        trusted = try TrustedMetadata(
            trusting: root.span, at: floor.now(clock: clock), cryptography: cryptography)
        self.floor = floor
        self.limits = limits
    }

    /// Begins the update; once, before any search.
    public mutating func refresh() -> [UpdateEffect] {
        guard case .idle = state else { preconditionFailure("an updater refreshes once") }
        return guarded { updater, effects throws(TrustError) in try updater.askRoot(&effects, count: 0) }
    }

    /// Looks for a target; after `.refreshed`, and again after each `.found` and each miss.
    public mutating func find(_ path: String) -> [UpdateEffect] {
        guard case .ready = state, let targets = trusted.targets else {
            preconditionFailure("a search needs fresh metadata")
        }
        return guarded { updater, effects throws(TrustError) in
            let hash = updater.trusted.cryptography.hash(.sha256, Array(path.utf8).span)
            var search = RoleSearch(
                path: path, pathHash: Hexadecimal.encode(hash), roleLimit: updater.limits.roleCount)
            try updater.advance(search.visit("targets", targets), search, &effects)
        }
    }

    public mutating func handle(_ event: UpdateEvent) -> [UpdateEffect] {
        guarded { updater, effects throws(TrustError) in try updater.take(event, &effects) }
    }

    /// Where a target lies below the repository's targets address.
    public func fetchName(of target: TargetFile) -> String {
        target.fetchName(isConsistent: trusted.root.isConsistent)
    }

    /// An error ends the update, or the search: a search that failed leaves the updater ready for another.
    private mutating func guarded(
        _ body: (inout Updater, inout [UpdateEffect]) throws(TrustError) -> Void
    ) -> [UpdateEffect] {
        var effects: [UpdateEffect] = []
        do throws(TrustError) {
            try body(&self, &effects)
        } catch {
            state = trusted.targets == nil ? .failed : .ready
            effects.append(.failed(error))
        }
        return effects
    }

    private mutating func take(_ event: UpdateEvent, _ effects: inout [UpdateEffect]) throws(TrustError) {
        switch state {
        case .root(let count): try takeRoot(event, count, &effects)
        case .cachedTimestamp:
            state = .cachedSnapshot(timestamp: loaded(event))
            effects.append(.load(file: "snapshot.json"))
        case .cachedSnapshot(let timestamp):
            let snapshot = loaded(event)
            let isKept = trusted.recall(timestamp: timestamp, snapshot: snapshot)
            if !isKept {
                effects.append(.remove(file: "timestamp.json"))
                effects.append(.remove(file: "snapshot.json"))
            }
            state = .timestamp(snapshot: isKept ? snapshot : nil)
            fetch("timestamp.json", Int64(limits.timestamp), &effects)
        case .timestamp(let snapshot): try takeTimestamp(try fetched(event), snapshot, &effects)
        case .snapshot:
            let bytes = try fetched(event)
            try trusted.updateSnapshot(bytes.span)
            effects.append(.persist(file: "snapshot.json", bytes))
            askTargets(&effects)
        case .cachedTargets: try takeCachedTargets(loaded(event), &effects)
        case .targets:
            let bytes = try fetched(event)
            try trusted.updateTargets(bytes.span)
            effects.append(.persist(file: "targets.json", bytes))
            end(&effects)
        case .cachedRole(let search, let role): try takeCachedRole(loaded(event), search, role, &effects)
        case .role(let search, let role):
            let bytes = try fetched(event)
            let metadata = try trusted.verifiedTargets(bytes.span, role: role.name, signedBy: role.keys)
            effects.append(.persist(file: RoleFile.name(of: role.name) + ".json", bytes))
            try visit(role, metadata, search, &effects)
        case .idle, .ready, .failed: preconditionFailure("an event that nothing asked for")
        }
    }
}

// The top-level roles.
extension Updater {
    private mutating func askRoot(_ effects: inout [UpdateEffect], count: Int) throws(TrustError) {
        guard count < limits.rootCount, trusted.root.version < Int64.max else {
            return try endRoots(&effects)
        }
        state = .root(count: count)
        fetch(String(trusted.root.version + 1) + ".root.json", Int64(limits.root), &effects)
    }

    private mutating func takeRoot(
        _ event: UpdateEvent, _ count: Int, _ effects: inout [UpdateEffect]
    ) throws(TrustError) {
        if case .absent = event { return try endRoots(&effects) }
        let bytes = try fetched(event)
        try trusted.updateRoot(bytes.span)
        effects.append(.persist(file: "root.json", bytes))
        try askRoot(&effects, count: count + 1)
    }

    private mutating func endRoots(_ effects: inout [UpdateEffect]) throws(TrustError) {
        try trusted.endRoots()
        state = .cachedTimestamp
        effects.append(.load(file: "timestamp.json"))
    }

    private mutating func takeTimestamp(
        _ bytes: [UInt8], _ snapshot: [UInt8]?, _ effects: inout [UpdateEffect]
    ) throws(TrustError) {
        if try trusted.updateTimestamp(bytes.span) {
            effects.append(.persist(file: "timestamp.json", bytes))
        }
        advanceFloor(&effects)
        if let snapshot, trusted.reuseSnapshot(snapshot.span) { return askTargets(&effects) }
        guard let description = trusted.timestamp?.snapshot else { return }
        state = .snapshot
        let version = trusted.root.isConsistent ? String(description.version) + "." : ""
        fetch(
            version + "snapshot.json", UpdateLimits.bounded(description.length, by: limits.snapshot), &effects
        )
    }

    private mutating func advanceFloor(_ effects: inout [UpdateEffect]) {
        guard let issued = trusted.timestamp?.issued else { return }
        if floor.advance(.timestamp(issued: issued, rootExpiry: trusted.root.expiry)) {
            effects.append(.persistFloor(floor))
        }
    }

    private mutating func askTargets(_ effects: inout [UpdateEffect]) {
        state = .cachedTargets
        effects.append(.load(file: "targets.json"))
    }

    private mutating func takeCachedTargets(
        _ bytes: [UInt8]?, _ effects: inout [UpdateEffect]
    ) throws(TrustError) {
        if let bytes {
            do throws(TrustError) {
                try trusted.updateTargets(bytes.span)
                return end(&effects)
            } catch {
                // The usual case: there are newer ones.
            }
        }
        state = .targets
        try fetchRole("targets", &effects)
    }

    private mutating func end(_ effects: inout [UpdateEffect]) {
        state = .ready
        effects.append(.refreshed)
    }
}

// Delegated roles.
extension Updater {
    private mutating func visit(
        _ role: Delegation, _ metadata: TargetsMetadata, _ search: RoleSearch,
        _ effects: inout [UpdateEffect]
    ) throws(TrustError) {
        var search = search
        try advance(search.visit(role.name, metadata), search, &effects)
    }

    private mutating func advance(
        _ step: RoleSearch.Step, _ search: RoleSearch, _ effects: inout [UpdateEffect]
    ) throws(TrustError) {
        switch step {
        case .found(let target):
            state = .ready
            effects.append(.found(target))
        case .look(let role):
            // Asked here, so that a role that is no part of the snapshot costs no request.
            _ = try trusted.description(of: role.name)
            state = .cachedRole(search, role)
            effects.append(.load(file: RoleFile.name(of: role.name) + ".json"))
        case .missing: throw .noSuchTarget(path: search.path)
        case .exhausted: throw .tooManyRoles(path: search.path, limit: limits.roleCount)
        }
    }

    private mutating func takeCachedRole(
        _ bytes: [UInt8]?, _ search: RoleSearch, _ role: Delegation, _ effects: inout [UpdateEffect]
    ) throws(TrustError) {
        if let bytes {
            var metadata: TargetsMetadata?
            do throws(TrustError) {
                metadata = try trusted.verifiedTargets(bytes.span, role: role.name, signedBy: role.keys)
            } catch {
                // Older, or not what this delegator trusts.
            }
            if let metadata { return try visit(role, metadata, search, &effects) }
        }
        state = .role(search, role)
        try fetchRole(role.name, &effects)
    }

    private mutating func fetchRole(_ role: String, _ effects: inout [UpdateEffect]) throws(TrustError) {
        let description = try trusted.description(of: role)
        let version = trusted.root.isConsistent ? String(description.version) + "." : ""
        let name = version + RoleFile.name(of: role) + ".json"
        fetch(name, UpdateLimits.bounded(description.length, by: limits.targets), &effects)
    }
}

// Requests and their answers.
extension Updater {
    private mutating func fetch(_ name: String, _ byteLimit: Int64, _ effects: inout [UpdateEffect]) {
        pending = (name, byteLimit)
        effects.append(.fetch(name: name, byteLimit: byteLimit))
    }

    private func fetched(_ event: UpdateEvent) throws(TrustError) -> [UInt8] {
        switch event {
        case .fetched(let bytes):
            guard Int64(bytes.count) <= pending.byteLimit else {
                throw .tooLong(file: pending.name, limit: pending.byteLimit)
            }
            return bytes
        case .absent: throw .unavailable(file: pending.name)
        case .failed(let reason): throw .fetchFailed(file: pending.name, reason: reason)
        case .loaded: preconditionFailure("a fetch answered with a stored file")
        }
    }

    private func loaded(_ event: UpdateEvent) -> [UInt8]? {
        guard case .loaded(let bytes) = event else {
            preconditionFailure("a load answered with something else")
        }
        return bytes
    }
}
