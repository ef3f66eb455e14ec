/// What the updater wants done. The last of an answer is a request, which the next event answers, or an end.
public enum UpdateEffect: Sendable {
    /// Read this file of the metadata store.
    case load(file: String)
    /// Fetch this name below the repository's metadata address; not one byte more than the limit.
    case fetch(name: String, byteLimit: Int64)
    /// Replace this file of the metadata store, all at once, before the next effect.
    case persist(file: String, [UInt8])
    /// Remove this file of the metadata store, if it is there.
    case remove(file: String)
    /// Store the floor of time, before the next effect.
    case persistFloor(TimeFloor)
    /// The top-level metadata is up to date.
    case refreshed
    case found(TargetFile)
    case failed(TrustError)
}

public enum UpdateEvent: Sendable {
    /// nil: there is no such file in the store, or it cannot be read.
    case loaded([UInt8]?)
    case fetched([UInt8])
    /// The repository answered that it has no such file.
    case absent
    case failed(reason: String)
}
