/// The C library for apps, under the names that it has in Swift on Linux: C's headers, and here what Swift
/// does not import from them, macros and functions with a variable number of arguments.
///
/// This folder is no module of the package: where Amos itself is built, the toolchain's own Glibc is in its
/// place. `amos sdk install` compiles it.
@_exported import SwiftGlibc

/// errno(3): why the last call of the C library failed.
public var errno: Int32 {
    get { amos_errno() }
    set { amos_set_errno(newValue) }
}

/// open(2) of a file that is there.
public func open(_ path: UnsafePointer<CChar>, _ flags: Int32) -> Int32 { amos_open(path, flags, 0) }

/// open(2) that may make the file, with these permissions.
public func open(_ path: UnsafePointer<CChar>, _ flags: Int32, _ mode: mode_t) -> Int32 {
    amos_open(path, flags, mode)
}

/// openat(2) of a file that is there.
public func openat(_ folder: Int32, _ path: UnsafePointer<CChar>, _ flags: Int32) -> Int32 {
    amos_openat(folder, path, flags, 0)
}

/// openat(2) that may make the file, with these permissions.
public func openat(
    _ folder: Int32, _ path: UnsafePointer<CChar>, _ flags: Int32, _ mode: mode_t
) -> Int32 { amos_openat(folder, path, flags, mode) }

/// fcntl(2) of commands that take nothing.
public func fcntl(_ descriptor: Int32, _ command: Int32) -> Int32 { amos_fcntl(descriptor, command, 0) }

/// fcntl(2) of commands that take a number.
public func fcntl(_ descriptor: Int32, _ command: Int32, _ value: Int32) -> Int32 {
    amos_fcntl(descriptor, command, Int(value))
}

/// fcntl(2) of commands that take an address.
public func fcntl(_ descriptor: Int32, _ command: Int32, _ value: UnsafeMutableRawPointer) -> Int32 {
    amos_fcntl_pointer(descriptor, command, value)
}

/// ioctl(2) of requests that take a number.
public func ioctl(_ descriptor: Int32, _ request: UInt, _ value: Int) -> Int32 {
    amos_ioctl(descriptor, request, value)
}

/// ioctl(2) of requests that take an address.
public func ioctl(_ descriptor: Int32, _ request: UInt, _ value: UnsafeMutableRawPointer) -> Int32 {
    amos_ioctl_pointer(descriptor, request, value)
}
