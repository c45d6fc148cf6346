using System.Globalization;
using System.Text;
using RaftStream.Hosting.Http;

namespace RaftStream.Hosting.Resp;

/// <summary>Commands that ask the store for something else than the values of keys. One a connection.</summary>
internal sealed class StoreCommands(RespSession session, RespStore store, RespWriter writer)
{
    private const int LargestScan = 1_000;
    private const int UsualScan = 10;
    private const int LargestTop = 10_000;

    /// <summary>SCAN cursor [MATCH pattern] [COUNT count] [TYPE type].</summary>
    public async ValueTask ScanAsync(RespCommand command)
    {
        if (!ulong.TryParse(command.Text(1), NumberStyles.None, CultureInfo.InvariantCulture, out var cursor))
        {
            writer.Error("ERR invalid cursor");
            return;
        }

        if (!TryOptions(command, out var pattern, out var count, out var isOfStrings))
            return;
        var (page, error) = await store.ReadAsync(session, (counters, level, token) => counters.ScanAsync(cursor, count, level, token), static answer => (answer.Outcome, answer.Refusal, answer.Position));
        if (page is null || error is not null)
        {
            writer.Error(error!);
            return;
        }

        var fitting = page.Keys.Where(row => isOfStrings && (pattern is null || Glob.IsMatch(pattern, row.Key.Span))).ToList();
        writer.Array(2);
        writer.Bulk(page.Next.ToString(CultureInfo.InvariantCulture));
        writer.Array(fitting.Count);
        foreach (var row in fitting)
            writer.Bulk(row.Key.Span);
    }

    /// <summary>RS.TOP count: keys and values in turn, the largest first.</summary>
    public async ValueTask TopAsync(RespCommand command)
    {
        if (!DataRun.TryNumber(command.Span(1), out var limit) || limit is < 1 or > LargestTop)
        {
            writer.Error($"ERR count is not a number from 1 to {LargestTop}");
            return;
        }

        var (top, error) = await store.ReadAsync(session, (counters, level, token) => counters.TopAsync((int)limit, level, token), static answer => (answer.Outcome, answer.Refusal, answer.Position));
        if (error is not null)
        {
            writer.Error(error);
            return;
        }

        writer.Array(2 * top!.Rows.Count);
        foreach (var row in top.Rows)
        {
            writer.Bulk(row.Key);
            writer.BulkNumber(row.Value);
        }
    }

    /// <summary>RS.RANGESUM from to: the sum, as a text since it may take 128 bits, and of how many counters.</summary>
    public async ValueTask RangeSumAsync(RespCommand command)
    {
        if (!DataRun.TryNumber(command.Span(1), out var from) || !DataRun.TryNumber(command.Span(2), out var to))
        {
            writer.Error(RespErrors.NotInteger);
            return;
        }

        var (sum, error) = await store.ReadAsync(session, (counters, level, token) => counters.RangeSumAsync(from, to, level, token), static answer => (answer.Outcome, answer.Refusal, answer.Position));
        if (error is not null)
        {
            writer.Error(error);
            return;
        }

        writer.Array(2);
        writer.Bulk(sum!.Sum.ToString(CultureInfo.InvariantCulture));
        writer.Integer(sum.Count);
    }

    /// <summary>RS.CONFIRM position: applied or lost.</summary>
    public async ValueTask ConfirmAsync(RespCommand command)
    {
        if (!WritePosition.TryParse(command.Text(1), out var write))
        {
            writer.Error("ERR that is no position of a write: give the one behind PROVISIONAL, such as 0@57.3");
            return;
        }

        var (end, error) = await store.ConfirmAsync(session, write);
        if (error is not null)
            writer.Error(error);
        else
            writer.Simple(end == Outcome.Applied ? "APPLIED" : "LOST");
    }

    /// <summary>An increment that this node's outbox takes, whatever it is cut off from.</summary>
    public async ValueTask AcceptAsync(RespCommand command, CommandSpec spec)
    {
        if (store.Running is not { } running)
        {
            writer.Error(RespErrors.Starting);
            return;
        }

        if (spec.Verb is not (RespVerb.Incr or RespVerb.IncrBy or RespVerb.Decr or RespVerb.DecrBy))
        {
            writer.Error($"ERR {spec.Name.ToUpperInvariant()} does not commute with other writes, so no outbox takes it: RS.CONCERN QUORUM, or increments alone");
            return;
        }

        if (session.Caller.WrongKey(command.Span(1)) is { } wrong)
            writer.Error(wrong);
        else if (DataRun.DeltaOf(command, spec) is not { } delta)
            writer.Error(RespErrors.NotInteger);
        else
        {
            using var limit = new CancellationTokenSource(RequestTimeout.Usual);
            var answer = await running.Counters.WithConcern(WriteConcern.Available).AddAsync(Encoding.UTF8.GetString(command.Span(1)), delta, limit.Token);
            if (answer is { Outcome: Outcome.Accepted, Accepted: { } place })
                writer.Simple(string.Create(CultureInfo.InvariantCulture, $"ACCEPTED {place.Start}.{place.Sequence}"));
            else
                writer.Error(RespErrors.Of(answer.Outcome, answer.Refusal, isWrite: true));
        }
    }

    private bool TryOptions(in RespCommand command, out byte[]? pattern, out int count, out bool isOfStrings)
    {
        (pattern, count, isOfStrings) = (null, UsualScan, true);
        for (var i = 2; i < command.Count; i += 2)
        {
            if (i + 1 == command.Count)
            {
                writer.Error(RespErrors.Syntax);
                return false;
            }

            if (command.Is(i, "match"u8))
            {
                pattern = command[i + 1].ToArray();
            }
            else if (command.Is(i, "count"u8))
            {
                if (!DataRun.TryNumber(command.Span(i + 1), out var asked) || asked < 1)
                {
                    writer.Error(asked < 1 ? RespErrors.Syntax : RespErrors.NotInteger);
                    return false;
                }

                count = (int)Math.Min(asked, LargestScan);
            }
            else if (command.Is(i, "type"u8))
            {
                isOfStrings = command.Is(i + 1, "string"u8);
            }
            else
            {
                writer.Error(RespErrors.Syntax);
                return false;
            }
        }

        return true;
    }
}
