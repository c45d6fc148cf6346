using System.Globalization;
using System.Text;

namespace RaftStream.Lab.Fuzz;

/// <summary>
/// Commands of the Redis protocol: real ones of every kind, the same with changed, missing, repeated and very many arguments, and as lines of words; and at the end of a pipeline bytes that are no
/// command any more: cut anywhere, with lengths that lie, without an end.
/// </summary>
internal sealed class RespForge(Random random) : IInputForge
{
    private const int MostInputs = 48;

    // {k}: a key, {v}: a value, {n}: a number.
    private static readonly string[][] Data = Split(
        "GET {k}", "SET {k} {v}", "SET {k} {n}", "SET {k} {v} EX 10", "MGET {k} {k} {k}", "MSET {k} {v} {k} {n}", "INCR {k}", "DECR {k}", "INCRBY {k} {n}", "DECRBY {k} {n}", "DEL {k}", "DEL {k} {k}",
        "EXISTS {k} {k}", "TYPE {k}", "PING", "ECHO {v}");

    private static readonly string[][] Others = Split(
        "HELLO", "HELLO 2", "HELLO 3", "HELLO 3 AUTH default {v} SETNAME x", "AUTH {v}", "AUTH x {v}", "SELECT 0", "SELECT {n}", "QUIT", "RESET", "CLIENT SETNAME {v}", "CLIENT GETNAME", "CLIENT SETINFO lib-name x",
        "CLIENT ID", "CLIENT INFO", "CLIENT NO-EVICT on", "CLIENT NO-TOUCH on", "CLIENT KILL", "READONLY", "READWRITE", "INFO", "INFO {v}", "CONFIG GET *", "CONFIG GET {v}", "CONFIG SET a b", "COMMAND COUNT",
        "COMMAND DOCS get", "COMMAND INFO get {v}", "COMMAND LIST", "TIME", "ROLE", "CLUSTER INFO", "CLUSTER KEYSLOT {k}", "CLUSTER MYID", "CLUSTER NODES", "CLUSTER SLOTS", "DBSIZE", "SCAN 0 COUNT 10",
        "SCAN {n} MATCH {v} COUNT {n} TYPE string", "SCAN {n}", "RS.CONSISTENCY", "RS.CONSISTENCY LINEARIZABLE", "RS.CONSISTENCY LEASE", "RS.CONSISTENCY BOUNDED 500", "RS.CONSISTENCY BOUNDED {n}",
        "RS.CONSISTENCY SESSION", "RS.CONSISTENCY EVENTUAL", "RS.CONCERN", "RS.CONCERN QUORUM", "RS.CONCERN LEADER", "RS.CONCERN AVAILABLE", "RS.TOKEN", "RS.CONFIRM 0@1.1", "RS.CONFIRM {v}",
        "RS.REDIRECT ON", "RS.REDIRECT OFF", "RS.TOP 3", "RS.TOP {n}", "RS.RANGESUM {n} {n}", "RS.WATCH PREFIX k", "RS.WATCH KEY {k} FROM 0@1", "RS.WATCH", "RS.UNWATCH", "FLUSHALL", "EVAL {v} 0", "MULTI",
        "EXEC", "SUBSCRIBE a", "LPUSH {k} 1", "GET", "SET {k}", "{v}", "{v} {v}");

    private static readonly string[] Lengths = ["-1", "-2", "0", "1", "2", "65535", "65536", "65537", "1048577", "536870912", "536870913", "2147483648", "9223372036854775808", "+1", "1e3", "0x1", "", " 1", "00000000000000000000000000000000001"];

    private readonly ByteChanges _changes = new(random);
    private readonly List<byte[]> _arguments = [];
    private long _ends;

    /// <inheritdoc/>
    public void Open(InputBatch batch)
    {
        if (random.Next(4) != 0)
            return;
        Encode(batch, ["HELLO"u8.ToArray(), random.Next(2) == 0 ? "3"u8.ToArray() : "2"u8.ToArray()]);
        batch.Counted();
    }

    /// <inheritdoc/>
    public void Fill(InputBatch batch)
    {
        for (var left = random.Next(8, MostInputs); left > 0; left--)
        {
            Choose();
            if (random.Next(4) != 0)
                Spoil();
            if (random.Next(12) == 0 && IsLine())
                AddLine(batch);
            else
                Encode(batch, _arguments);
            batch.Counted();
        }

        if (random.Next(4) == 0)
        {
            batch.AddBroken(Broken());
            return;
        }

        batch.End = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"end-{random.NextInt64():x16}-{++_ends}."));
        Encode(batch, ["PING"u8.ToArray(), batch.End]);
    }

    private static string[][] Split(params string[] lines) => [.. lines.Select(static line => line.Split(' '))];

    private void Choose()
    {
        var template = random.Next(10) < 7 ? Data[random.Next(Data.Length)] : Others[random.Next(Others.Length)];
        _arguments.Clear();
        foreach (var word in template)
        {
            _arguments.Add(word switch
            {
                "{k}" => FuzzKeys.Key(random, _changes),
                "{v}" => FuzzKeys.Value(random, _changes),
                "{n}" => Encoding.ASCII.GetBytes(FuzzKeys.Number(random).ToString(CultureInfo.InvariantCulture)),
                _ => Encoding.ASCII.GetBytes(random.Next(8) == 0 ? word.ToLowerInvariant() : word),
            });
        }
    }

    /// <summary>Another command with right lengths. Keys are mostly left: a new one each time would only fill the store.</summary>
    private void Spoil()
    {
        var place = random.Next(_arguments.Count);
        if (place == 1 && random.Next(100) != 0)
            place = _arguments.Count > 2 ? 2 : 0;
        switch (random.Next(16))
        {
            case < 11:
                _arguments[place] = _changes.Change(_arguments[place]);
                break;
            case 11:
                _arguments[place] = _changes.Text();
                break;
            case 12 when _arguments.Count > 1:
                _arguments.RemoveAt(_arguments.Count - 1);
                break;
            case 13:
                _arguments.Add(_arguments[^1]);
                break;
            case 14 when random.Next(200) == 0:
                // Far too many arguments, or far too long ones.
                var (count, length) = random.Next(2) == 0 ? (random.Next(900, 3_000), 2) : (random.Next(2, 20), random.Next(60_000, 70_000));
                while (_arguments.Count < count)
                    _arguments.Add(length == 2 ? Encoding.ASCII.GetBytes(FuzzKeys.Key(random)) : _changes.Noise(length));
                break;
            default:
                (_arguments[0], _arguments[place]) = (_arguments[place], _arguments[0]);
                break;
        }
    }

    private bool IsLine() => _arguments.TrueForAll(static argument => argument.Length > 0 && argument.AsSpan().IndexOfAnyExceptInRange((byte)'%', (byte)'~') < 0) && _arguments[0][0] != '*' && _arguments.Sum(static argument => argument.Length) < 60_000;

    private void AddLine(InputBatch batch)
    {
        for (var place = 0; place < _arguments.Count; place++)
        {
            var isQuoted = !_arguments[place].Contains((byte)'\'') && random.Next(4) == 0;
            batch.Add(place == 0 ? ""u8 : random.Next(8) == 0 ? "\t  "u8 : " "u8);
            batch.Add(isQuoted ? "'"u8 : ""u8);
            batch.Add(isQuoted ? _arguments[place] : [.. _arguments[place].Where(static letter => letter is not (byte)'\'')]);
            batch.Add(isQuoted ? "'"u8 : ""u8);
        }

        batch.Add(random.Next(2) == 0 ? "\r\n"u8 : "\n"u8);
    }

    private byte[] Broken()
    {
        var good = new InputBatch();
        for (var count = random.Next(1, 4); count > 0; count--)
        {
            Choose();
            Encode(good, _arguments);
        }

        var bytes = good.Bytes.WrittenSpan;
        switch (random.Next(8))
        {
            case 0:
                return bytes[..random.Next(bytes.Length)].ToArray();
            case 1 or 2:
                return _changes.Change(bytes);
            case 3 or 4:
                return Lying(bytes);
            case 5:
                return _changes.Noise(random.Next(1, 300));
            case 6:
                // A line that does not end, within and beyond what one may have.
                return Encoding.ASCII.GetBytes(new string((char)random.Next('a', 'z'), random.Next(8) == 0 ? random.Next(60_000, 70_000) : random.Next(1, 300)));
            default:
                return random.Next(3) switch
                {
                    0 => "GET / HTTP/1.1\r\nHost: a\r\n\r\n"u8.ToArray(),
                    1 => [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, .. _changes.Noise(80)],
                    _ => "SET a \"unbalanced\r\n"u8.ToArray(),
                };
        }
    }

    /// <summary>One of the lengths in a pipeline is another.</summary>
    private byte[] Lying(ReadOnlySpan<byte> bytes)
    {
        var at = random.Next(bytes.Length);
        var length = bytes[at..].IndexOfAny((byte)'*', (byte)'$');
        if (length < 0)
            (at, length) = (0, 0);
        var from = at + length + 1;
        var end = bytes[from..].IndexOf((byte)'\r');
        return [.. bytes[..from], .. Encoding.ASCII.GetBytes(Lengths[random.Next(Lengths.Length)]), .. bytes[(end < 0 ? from : from + end)..]];
    }

    private static void Encode(InputBatch batch, List<byte[]> arguments)
    {
        batch.Add(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"*{arguments.Count}\r\n")));
        foreach (var argument in arguments)
        {
            batch.Add(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"${argument.Length}\r\n")));
            batch.Add(argument);
            batch.Add("\r\n"u8);
        }
    }
}
