@main
enum AmosNetconf {
    static func main() {}
}
