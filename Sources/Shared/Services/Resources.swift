/// What a service may use, and how it shares the processor. 0 and empty mean: the kernel's default.
public struct Resources: Equatable, Sendable {
    /// cgroup v2: `memory.max`, `memory.high`, `memory.low`.
    public var memoryMaxBytes: UInt64 = 0
    public var memoryHighBytes: UInt64 = 0
    public var memoryLowBytes: UInt64 = 0
    /// `memory.oom.group`: out of memory ends the whole service, not one process of it.
    public var endsAsOneWhenOutOfMemory = false
    /// `cpu.weight`, 1 to 10,000.
    public var processorWeight: UInt16 = 0
    /// `cpu.max`: at most this much processor time per period.
    public var processorQuotaMicroseconds: UInt32 = 0
    public var processorPeriodMicroseconds: UInt32 = 100_000
    /// `pids.max`.
    public var processLimit: UInt32 = 0
    /// `io.weight`, 1 to 10,000, where the kernel has it.
    public var ioWeight: UInt16 = 0
    /// setrlimit(2), in the order of the service file.
    public var limits: [ProcessLimit] = []
    /// `/proc/PID/oom_score_adj`, −1,000 to 1,000.
    public var outOfMemoryScore: Int16 = 0
    /// setpriority(2), −20 to 19.
    public var nice: Int8 = 0
    public var scheduling: Scheduling = .other
    /// 1 to 99 for `fifo` and `roundRobin`, else 0.
    public var schedulingPriority: UInt8 = 0

    public init() {}

    /// sched(7); the raw values are the kernel's.
    public enum Scheduling: UInt8, Sendable, CaseIterable {
        case other = 0
        case fifo = 1
        case roundRobin = 2
        case batch = 3
        case idle = 5
    }

    /// One of setrlimit(2)'s limits.
    public struct ProcessLimit: Equatable, Sendable {
        public static let infinity = UInt64.max
        /// `RLIMIT_…` of the kernel.
        public var resource: UInt8
        public var soft: UInt64
        public var hard: UInt64

        public init(resource: UInt8, soft: UInt64, hard: UInt64) {
            self.resource = resource
            self.soft = soft
            self.hard = hard
        }
    }
}

/// Lines that a service may log: a bucket of `burst` lines that refills with `linesPerSecond`.
public struct LogLimit: Equatable, Sendable {
    /// 0: no limit.
    public var linesPerSecond: UInt32 = 200
    public var burst: UInt32 = 2_000

    public init() {}
}

/// A file that only this service may read.
public struct Secret: Equatable, Sendable {
    public var name: String
    /// On the handset. It must belong to root and be readable by nobody else.
    public var path: String

    public init(name: String, path: String) {
        self.name = name
        self.path = path
    }
}
