using System.Collections.Frozen;
using System.Text;
using RaftStream.Hosting.Security;

namespace RaftStream.Hosting.Resp;

/// <summary>What a command is for.</summary>
internal enum RespVerb : byte
{
    Auth, Client, Cluster, Command, Config, DbSize, Decr, DecrBy, Del, Echo, Exists, Get, Hello, Incr, IncrBy, Info, MGet, MSet, Ping, Quit, ReadOnly, ReadWrite, Reset, Role,
    Concern, Confirm, Consistency, RangeSum, Redirect, Token, Top, Unwatch, Watch, Scan, Select, Set, Time, Type,
}

/// <summary>A command as COMMAND tells it.</summary>
/// <param name="Name">In small letters.</param>
/// <param name="Verb">What it is for.</param>
/// <param name="Arity">How many arguments with the name; at least so many where it is negative.</param>
/// <param name="Role">Who may send it; <see cref="AccessRole.None"/>: anybody, who has not said who it is, too.</param>
/// <param name="Flags">As Redis names them, between blanks.</param>
/// <param name="Keys">Where its keys stand: the first, the last (from the end where it is negative), the step; zeros without any.</param>
/// <param name="Syntax">Its arguments, for people.</param>
/// <param name="Group">The group that COMMAND DOCS tells.</param>
/// <param name="Summary">One sentence.</param>
internal sealed record CommandSpec(
    string Name, RespVerb Verb, int Arity, AccessRole Role, string Flags, (int First, int Last, int Step) Keys, string Syntax, string Group, string Summary)
{
    /// <summary>Whether it is a read or write of keys that can share an entry, or a read, with those around it.</summary>
    public bool IsData => Verb is RespVerb.Get or RespVerb.Set or RespVerb.MGet or RespVerb.MSet or RespVerb.Incr or RespVerb.IncrBy or RespVerb.Decr or RespVerb.DecrBy
        or RespVerb.Del or RespVerb.Exists or RespVerb.Type;

    /// <summary>Whether that many arguments are as many as it takes.</summary>
    public bool Takes(int arguments) => Arity >= 0 ? arguments == Arity : arguments >= -Arity;
}

/// <summary>All commands that the port knows, in the order of their names.</summary>
internal static class CommandTable
{
    private const int LongestName = 16;

    private static readonly (int, int, int) None = (0, 0, 0);
    private static readonly (int, int, int) One = (1, 1, 1);
    private static readonly (int, int, int) All = (1, -1, 1);

    /// <summary>The commands.</summary>
    public static readonly IReadOnlyList<CommandSpec> Commands =
    [
        new("auth", RespVerb.Auth, -2, AccessRole.None, "noscript loading stale fast no_auth", None, "[username] token", "connection", "Says who the connection is, by its token."),
        new("client", RespVerb.Client, -2, AccessRole.Read, "noscript loading stale", None, "GETNAME | ID | INFO | NO-EVICT | NO-TOUCH | SETINFO | SETNAME ...", "connection", "Tells the connection's name and number, and takes what it says of itself."),
        new("cluster", RespVerb.Cluster, -2, AccessRole.Read, "stale", None, "INFO | KEYSLOT | MYID | NODES | SLOTS", "cluster", "Tells of the nodes; all slots are the leader's."),
        new("command", RespVerb.Command, -1, AccessRole.Read, "loading stale", None, "[COUNT | DOCS | INFO | LIST ...]", "server", "Tells which commands there are."),
        new("config", RespVerb.Config, -2, AccessRole.Read, "noscript loading stale", None, "GET pattern [pattern ...]", "server", "Tells what Redis would be configured as to behave like this node."),
        new("dbsize", RespVerb.DbSize, 1, AccessRole.Read, "readonly fast", None, "", "server", "Counts the keys."),
        new("decr", RespVerb.Decr, 2, AccessRole.Write, "write denyoom fast", One, "key", "string", "Takes one from a counter."),
        new("decrby", RespVerb.DecrBy, 3, AccessRole.Write, "write denyoom fast", One, "key decrement", "string", "Takes a number from a counter."),
        new("del", RespVerb.Del, -2, AccessRole.Write, "write", All, "key [key ...]", "generic", "Deletes keys."),
        new("echo", RespVerb.Echo, 2, AccessRole.Read, "loading stale fast", None, "message", "connection", "Answers with what it was given."),
        new("exists", RespVerb.Exists, -2, AccessRole.Read, "readonly fast", All, "key [key ...]", "generic", "Counts those of the keys that are there."),
        new("get", RespVerb.Get, 2, AccessRole.Read, "readonly fast", One, "key", "string", "Reads a key's value."),
        new("hello", RespVerb.Hello, -1, AccessRole.None, "noscript loading stale fast no_auth", None, "[protover [AUTH username token] [SETNAME name]]", "connection", "Agrees on the version of the protocol."),
        new("incr", RespVerb.Incr, 2, AccessRole.Write, "write denyoom fast", One, "key", "string", "Adds one to a counter."),
        new("incrby", RespVerb.IncrBy, 3, AccessRole.Write, "write denyoom fast", One, "key increment", "string", "Adds a number to a counter."),
        new("info", RespVerb.Info, -1, AccessRole.Read, "loading stale", None, "[section ...]", "server", "Tells how the node is."),
        new("mget", RespVerb.MGet, -2, AccessRole.Read, "readonly fast", All, "key [key ...]", "string", "Reads the values of several keys at one moment."),
        new("mset", RespVerb.MSet, -3, AccessRole.Write, "write denyoom", (1, -1, 2), "key value [key value ...]", "string", "Sets several keys at one moment."),
        new("ping", RespVerb.Ping, -1, AccessRole.Read, "fast", None, "[message]", "connection", "Answers PONG."),
        new("quit", RespVerb.Quit, -1, AccessRole.None, "noscript loading stale fast no_auth", None, "", "connection", "Closes the connection."),
        new("readonly", RespVerb.ReadOnly, 1, AccessRole.Read, "loading stale fast", None, "", "cluster", "Taken and without effect: every node serves reads, as fresh as the connection asks."),
        new("readwrite", RespVerb.ReadWrite, 1, AccessRole.Read, "loading stale fast", None, "", "cluster", "Taken and without effect, as READONLY is."),
        new("reset", RespVerb.Reset, 1, AccessRole.None, "noscript loading stale fast no_auth", None, "", "connection", "Makes the connection one that has just come."),
        new("role", RespVerb.Role, 1, AccessRole.Read, "noscript loading stale fast", None, "", "server", "Tells whether the node leads."),
        new("rs.concern", RespVerb.Concern, -1, AccessRole.Read, "fast", None, "[QUORUM | LEADER | AVAILABLE]", "raftstream", "What holds a write of this connection before it is answered."),
        new("rs.confirm", RespVerb.Confirm, 2, AccessRole.Read, "readonly", None, "position", "raftstream", "Waits until it is decided what became of a provisional write: applied or lost."),
        new("rs.consistency", RespVerb.Consistency, -1, AccessRole.Read, "fast", None, "[LINEARIZABLE | LEASE | BOUNDED milliseconds | SESSION [token] | EVENTUAL]", "raftstream", "What the reads of this connection promise."),
        new("rs.rangesum", RespVerb.RangeSum, 3, AccessRole.Read, "readonly", None, "from to", "raftstream", "Sums the counters whose keys are whole numbers in a range, and counts them."),
        new("rs.redirect", RespVerb.Redirect, 2, AccessRole.Read, "fast", None, "ON | OFF", "raftstream", "Whether writes at a follower are answered with MOVED instead of being passed on."),
        new("rs.token", RespVerb.Token, 1, AccessRole.Read, "fast", None, "", "raftstream", "What this connection has seen, for RS.CONSISTENCY SESSION at any node."),
        new("rs.top", RespVerb.Top, 2, AccessRole.Read, "readonly", None, "count", "raftstream", "The largest counters."),
        new("rs.unwatch", RespVerb.Unwatch, 1, AccessRole.Read, "fast", None, "", "raftstream", "Ends the watch of this connection."),
        new("rs.watch", RespVerb.Watch, -1, AccessRole.Read, "readonly pubsub", None, "[KEY key | PREFIX prefix] [FROM token]", "raftstream", "Tells all changes as they are applied."),
        new("scan", RespVerb.Scan, -2, AccessRole.Read, "readonly", None, "cursor [MATCH pattern] [COUNT count] [TYPE type]", "generic", "Lists keys, some at a time."),
        new("select", RespVerb.Select, 2, AccessRole.Read, "loading stale fast", None, "index", "connection", "Taken for database 0, the only one."),
        new("set", RespVerb.Set, -3, AccessRole.Write, "write denyoom", One, "key value", "string", "Sets a key."),
        new("time", RespVerb.Time, 1, AccessRole.Read, "loading stale fast", None, "", "server", "The node's wall clock."),
        new("type", RespVerb.Type, 2, AccessRole.Read, "readonly fast", One, "key", "generic", "Tells whether a key is there: string or none."),
    ];

    private static readonly FrozenDictionary<string, CommandSpec> s_byName = Commands.ToFrozenDictionary(static command => command.Name, StringComparer.Ordinal);

    /// <summary>The command of a name, whatever its case; null: there is none.</summary>
    public static CommandSpec? Find(ReadOnlySpan<byte> name)
    {
        Span<char> small = stackalloc char[LongestName];
        if (name.Length > LongestName || Ascii.ToLower(name, small, out var length) != System.Buffers.OperationStatus.Done)
            return null;
        return s_byName.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(small[..length], out var command) ? command : null;
    }
}
