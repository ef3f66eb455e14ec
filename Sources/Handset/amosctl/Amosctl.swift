@main
enum Amosctl {
    static func main() {}
}
