import Services

extension BootPlan.Health {
    /// The `health` of a device file or of a folder of services.
    init(_ reader: NodeReader, services: ServiceSet) {
        for service in reader.list("services") { services.require(service, for: "health") }
        let stableFor = reader.milliseconds("stable-for") ?? 10_000
        let deadline = reader.milliseconds("deadline") ?? 90_000
        if stableFor >= deadline {
            reader.diagnostics.add(
                "health can never be reached: stable-for is not shorter than the deadline",
                at: reader.location("stable-for"), expected: "less than \(deadline) ms")
        }
        self.init(
            services: reader.texts("services").sorted(), stableForMilliseconds: stableFor,
            deadlineMilliseconds: deadline)
    }
}
