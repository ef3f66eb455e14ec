/// What PID 1 does, compiled on the host from the device file and its services (`/usr/share/amos/boot.plan`).
public struct BootPlan: Equatable, Sendable {
    public var hostname: String
    /// Sorted by name; every name in `requires`, `wants` and `after` is present.
    public var services: [ServiceDefinition]
    /// Kernel modules for PID 1 to insert while services start: absolute paths, dependencies first.
    public var lateModules: [String]
    public var health: Health
    public var shutdownBudgetMilliseconds: UInt32 = 8_000
    /// The machine's watchdog (`/dev/watchdog`) resets it when PID 1 has not fed it for this long; 0: not
    /// used.
    public var machineWatchdogMilliseconds: UInt32 = 0

    /// When a boot counts as good.
    public struct Health: Equatable, Sendable {
        /// Services that must be ready, and stay so.
        public var services: [String]
        public var stableForMilliseconds: UInt32
        /// Not healthy by then: the boot has failed.
        public var deadlineMilliseconds: UInt32

        public init(services: [String], stableForMilliseconds: UInt32, deadlineMilliseconds: UInt32) {
            self.services = services
            self.stableForMilliseconds = stableForMilliseconds
            self.deadlineMilliseconds = deadlineMilliseconds
        }
    }

    public init(
        hostname: String, services: [ServiceDefinition], lateModules: [String],
        health: Health
    ) {
        self.hostname = hostname
        self.services = services
        self.lateModules = lateModules
        self.health = health
    }
}
