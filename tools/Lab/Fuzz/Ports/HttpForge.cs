using System.Globalization;
using System.Text;

namespace RaftStream.Lab.Fuzz;

/// <summary>
/// Requests over HTTP 1.1: real ones for nearly every path, the same with changed paths, queries, methods, headers and bodies, with bodies in chunks and batches of the store among them; and at the
/// end requests that are none any more: lengths and chunks that lie, too long, cut. Paths that would end or change the cluster are left out.
/// </summary>
internal sealed class HttpForge(Random random) : IInputForge
{
    private const int MostInputs = 32;

    // {k}: a key. Most are reads: each write of a connection waits for the disk before the next request is looked at.
    private static readonly (string Method, string Target, string? Body)[] Requests =
    [
        ("GET", "/v1/counters/{k}", null), ("GET", "/v1/counters/{k}?consistency=eventual", null), ("GET", "/v1/counters/{k}?consistency=lease&timeout-ms=50", null),
        ("GET", "/v1/counters/{k}?consistency=bounded&max-age-ms=500&timeout-ms=50", null), ("GET", "/v1/counters/{k}?consistency=session&token=0@1&timeout-ms=20", null),
        ("GET", "/v1/counters/{k}?consistency=tentative", null), ("GET", "/v1/counters?key={k}&key={k}&consistency=eventual", null), ("GET", "/v1/top?limit=5&consistency=eventual", null),
        ("GET", "/v1/range-sum?from=1&to=1000&consistency=eventual", null), ("GET", "/v1/status", null), ("GET", "/healthz", null), ("GET", "/readyz", null), ("GET", "/v1/jobs/whale?consistency=eventual", null),
        ("GET", "/v1/writes/0@5.1?timeout-ms=20", null), ("HEAD", "/healthz", null), ("GET", "/", null), ("OPTIONS", "*", null), ("GET", "/v1/admin/members", null),
        ("POST", "/v1/counters/{k}/add?timeout-ms=2000", "{\"delta\":3}"), ("POST", "/v1/counters/{k}/max?timeout-ms=2000", "{\"value\":70}"),
        ("POST", "/v1/counters/{k}/cas?timeout-ms=2000", "{\"expected\":3,\"value\":10}"), ("POST", "/v1/counters/{k}/add?concern=leader", "{\"delta\":1}"),
        ("POST", "/v1/counters/{k}/add?concern=available", "{\"delta\":1}"), ("DELETE", "/v1/counters/{k}?timeout-ms=2000", null), ("POST", "/v1/jobs/fuzz/ingest", "one two two\n"),
        ("POST", "/v1/sessions", "{\"idleTimeoutMs\":1000}"), ("POST", "/v1/forward", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"), ("POST", "/v1/batch", ""),
    ];

    private const int Reads = 18;

    private static readonly string[] Headers =
    [
        "X-RaftStream-Timeout-Ms: 50", "X-RaftStream-Consistency: eventual", "X-RaftStream-Consistency: bounded; max-age-ms=500", "X-RaftStream-Session: 0.1", "X-RaftStream-Sequence: 1",
        "X-RaftStream-Acknowledged: 0", "Idempotency-Key: \"a\"", "X-RaftStream-Concern: leader", "Authorization: Bearer x", "Content-Type: application/vnd.raftstream.batch", "Content-Type: application/json",
        "Accept: text/event-stream", "Accept-Encoding: gzip", "Last-Event-ID: 0@1", "Origin: http://a", "X-RaftStream-Hops: 1", "Expect: 100-continue", "Cookie: a=b",
    ];

    private readonly ByteChanges _changes = new(random);
    private readonly StoreBatch _batch = new();
    private long _ends;

    /// <inheritdoc/>
    public void Open(InputBatch batch)
    {
    }

    /// <inheritdoc/>
    public void Fill(InputBatch batch)
    {
        for (var left = random.Next(6, MostInputs); left > 0; left--)
        {
            Request(batch, random.Next(4) != 0);
            batch.Counted();
        }

        if (random.Next(4) == 0)
        {
            batch.AddBroken(Broken());
            return;
        }

        var name = string.Create(CultureInfo.InvariantCulture, $"end-{random.NextInt64():x16}-{++_ends}.");
        batch.Add(Encoding.ASCII.GetBytes($"GET /v1/counters/{name}?consistency=eventual HTTP/1.1\r\nHost: a\r\n\r\n"));
        batch.End = Encoding.ASCII.GetBytes(name);
    }

    /// <summary>A request whose bounds are right, whatever is changed in it.</summary>
    private void Request(InputBatch batch, bool isSpoilt)
    {
        var (method, target, text) = Requests[random.Next(12) == 0 ? random.Next(Reads, Requests.Length) : random.Next(Reads)];
        target = target.Replace("{k}", FuzzKeys.Key(random), StringComparison.Ordinal);
        var what = isSpoilt ? random.Next(4) : -1;
        if (what == 0 && target.Length > 1)
            target = "/" + Printable(_changes.Change(Encoding.ASCII.GetBytes(target.AsSpan(1).ToString())), escapes: true);
        if (what == 1 && random.Next(8) == 0)
            method = random.Next(2) == 0 ? "PATCH" : "PUT";
        var head = new StringBuilder($"{method} {target} HTTP/1.1\r\nHost: a\r\n");
        for (var headers = what == 1 ? random.Next(1, 4) : random.Next(2); headers > 0; headers--)
            head.Append(Header(what == 1)).Append("\r\n");
        if (text is null)
        {
            batch.Add(Encoding.Latin1.GetBytes(head.Append("\r\n").ToString()));
            return;
        }

        var body = text.Length > 0 ? Encoding.UTF8.GetBytes(text) : Batch();
        if (what >= 2)
            body = random.Next(1_000) == 0 ? _changes.Noise(random.Next(60_000, 70_000)) : _changes.Change(body);
        AddBody(batch, head, body);
    }

    private void AddBody(InputBatch batch, StringBuilder head, byte[] body)
    {
        if (random.Next(3) != 0)
        {
            batch.Add(Encoding.Latin1.GetBytes(head.Append(CultureInfo.InvariantCulture, $"Content-Length: {body.Length}\r\n\r\n").ToString()));
            batch.Add(body);
            return;
        }

        batch.Add(Encoding.Latin1.GetBytes(head.Append("Transfer-Encoding: chunked\r\n\r\n").ToString()));
        for (var at = 0; at < body.Length;)
        {
            var size = Math.Min(body.Length - at, random.Next(1, 40));
            batch.Add(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{size:x}{(random.Next(8) == 0 ? ";a=b" : "")}\r\n")));
            batch.Add(body.AsSpan(at, size));
            batch.Add("\r\n"u8);
            at += size;
        }

        batch.Add("0\r\n\r\n"u8);
    }

    private string Header(bool isSpoilt)
    {
        var header = Headers[random.Next(Headers.Length)];
        if (!isSpoilt)
            return header;
        var colon = header.IndexOf(':', StringComparison.Ordinal);
        var value = random.Next(500) == 0 ? new string('a', random.Next(7_000, 9_000)) : Printable(_changes.Change(Encoding.ASCII.GetBytes(header[(colon + 2)..])), escapes: false);
        return $"{header[..colon]}: {value}";
    }

    private byte[] Batch()
    {
        _batch.Clear();
        for (var count = random.Next(1, 6); count > 0; count--)
        {
            var key = Encoding.UTF8.GetBytes(FuzzKeys.Key(random));
            _ = random.Next(5) switch
            {
                0 => _batch.TrySet(key, _changes.Noise(random.Next(40))),
                1 => _batch.TryIncrement(key, FuzzKeys.Number(random)),
                2 => _batch.TryDelete(key),
                3 => _batch.TryGet(key),
                _ => _batch.TrySetAll([(key, _changes.Noise(random.Next(40)))]),
            };
        }

        return _batch.Command.ToArray();
    }

    private byte[] Broken()
    {
        var good = new InputBatch();
        Request(good, isSpoilt: false);
        var bytes = good.Bytes.WrittenSpan;
        switch (random.Next(9))
        {
            case 0:
                return bytes[..random.Next(bytes.Length)].ToArray();
            case 1 or 2:
                return _changes.Change(bytes);
            case 3:
                var length = random.Next(6) switch { 0 => "-1", 1 => "99999999999999999999", 2 => "5\r\nContent-Length: 6", 3 => "0x5", 4 => "65537", _ => "500" };
                return Encoding.ASCII.GetBytes($"POST /v1/counters/k0/add HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n{{\"delta\":1}}");
            case 4:
                var size = random.Next(5) switch { 0 => "FFFFFFFFFFFFFFFFF", 1 => "-1", 2 => "zz", 3 => "", _ => "7fffffff" };
                return Encoding.ASCII.GetBytes($"POST /v1/batch HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n{(random.Next(4) == 0 ? "Content-Length: 5\r\n" : "")}\r\n{size}\r\nabc\r\n0\r\n\r\n");
            case 5:
                return Encoding.ASCII.GetBytes($"GET /v1/counters/{new string('a', random.Next(1_000, 30_000))} HTTP/1.1\r\nHost: a\r\n\r\n");
            case 6:
                return Encoding.ASCII.GetBytes($"GET /healthz HTTP/1.1\r\nHost: a\r\n{string.Concat(Enumerable.Range(0, random.Next(1, 200)).Select(static number => $"X-{number}: {new string('b', 200)}\r\n"))}\r\n");
            case 7:
                return Encoding.ASCII.GetBytes(random.Next(2) == 0 ? "GET /v1/watch?prefix=k HTTP/1.1\r\nHost: a\r\n\r\n" : "GET /v1/admin/backup HTTP/1.1\r\nHost: a\r\n\r\n");
            default:
                return random.Next(4) switch
                {
                    0 => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray(),
                    1 => "GET /healthz\r\n"u8.ToArray(),
                    2 => "GET /healthz HTTP/1.1\nHost: a\n\n"u8.ToArray(),
                    _ => _changes.Noise(random.Next(1, 300)),
                };
        }
    }

    /// <summary>As text without what would end a line or a word of it.</summary>
    private static string Printable(byte[] bytes, bool escapes)
    {
        var text = new StringBuilder(bytes.Length);
        foreach (var letter in bytes)
        {
            if (letter is > 32 and < 127)
                text.Append((char)letter);
            else if (escapes)
                text.Append(CultureInfo.InvariantCulture, $"%{letter:X2}");
            else
                text.Append('?');
        }

        return text.ToString();
    }
}
