import Wire

/// Which role to ask next for a target: pre-order, depth first, in the order of the delegations
/// (specification 5.6.7). A role is visited once; a terminating delegation that covers the path ends the
/// search after it and what it delegates to.
struct RoleSearch: Sendable {
    enum Step {
        case found(TargetFile)
        case look(Delegation)
        case missing
        case exhausted
    }

    let path: String
    let pathHash: String
    let roleLimit: Int
    private var visited: [String] = []
    /// The next one is the last.
    private var waiting: [Delegation] = []

    init(path: String, pathHash: String, roleLimit: Int) {
        self.path = path
        self.pathHash = pathHash
        self.roleLimit = roleLimit
    }

    mutating func visit(_ role: String, _ metadata: TargetsMetadata) -> Step {
        if let target = metadata[path] { return .found(target) }
        visited.append(role)
        var children: [Delegation] = []
        for delegation in metadata.delegations where delegation.covers(path, pathHash: pathHash) {
            children.append(delegation)
            if delegation.isTerminating {
                waiting = []
                break
            }
        }
        for child in children.reversed() { waiting.append(child) }
        while let next = waiting.popLast() {
            if visited.contains(where: { UTF8Text.equal($0, next.name) }) { continue }
            return visited.count > roleLimit ? .exhausted : .look(next)
        }
        return .missing
    }
}
