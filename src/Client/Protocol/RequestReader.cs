using System.Diagnostics.CodeAnalysis;
using RaftStream.Raft.Wire;

namespace RaftStream.Client.Protocol;

/// <summary>
/// Reads requests from bytes nobody vouches for: every field has its kind and its range, nothing stands behind the last one, and nothing is thrown. What is
/// wrong is one sentence, which goes back to whoever sent it.
/// </summary>
internal static class RequestReader
{
    private const long MaxIdleTimeoutMs = 30L * 24 * 3600 * 1000;
    private const long MaxAgeMs = 86_400_000;

    /// <summary>Reads a body. False: <paramref name="problem"/> says what is wrong; the id is set as far as it could be read.</summary>
    public static bool TryRead(ReadOnlySpan<byte> body, out RequestMessage request, [NotNullWhen(false)] out string? problem)
    {
        request = default;
        problem = "The body is no MessagePack array that starts with a kind and an id.";
        var reader = new MessagePackReader(body);
        if (!reader.TryReadArrayHeader(out var count) || !reader.TryReadUInt64(out var code) || code > byte.MaxValue)
            return false;
        if (!TryReadNumber(ref reader, 1, long.MaxValue, out var id))
            return false;
        var kind = (RequestKind)code;
        request = new(kind) { Id = id };
        if (RequestMessage.CountOf(kind) is var expected && expected == 0)
            problem = $"There is no request of kind {code}: this node speaks version {ClientHandshake.CurrentVersion} of the protocol.";
        else if (count != expected)
            problem = $"A request of kind {code} has {expected} values, not {count}.";
        else if (!TryReadNumber(ref reader, 1, RequestMessage.MaxDeadlineMs, out var deadline))
            problem = $"The deadline is no number of milliseconds from 1 to {RequestMessage.MaxDeadlineMs}.";
        else if ((problem = ReadFields(ref reader, ref request)) is null && reader.Remaining > 0)
            problem = $"Behind the request stand {reader.Remaining} bytes that belong to nothing.";
        else
            request = request with { DeadlineMs = deadline };
        return problem is null;
    }

    /// <summary>Reads what is special to a kind; null if all of it is right.</summary>
    private static string? ReadFields(ref MessagePackReader reader, ref RequestMessage request)
    {
        switch (request.Kind)
        {
            case RequestKind.Add or RequestKind.CompareAndSet or RequestKind.Delete or RequestKind.Max:
                return ReadTerms(ref reader, ref request) ?? ReadKey(ref reader, ref request) ?? ReadChange(ref reader, ref request);
            case RequestKind.Get:
                return ReadLevel(ref reader, ref request) ?? ReadKey(ref reader, ref request);
            case RequestKind.GetMany:
                return ReadLevel(ref reader, ref request) ?? ReadKeys(ref reader, ref request);
            case RequestKind.RangeSum:
                return ReadLevel(ref reader, ref request) ?? ReadRange(ref reader, ref request);
            case RequestKind.Watch:
                request = request with { Watch = WatchTerms.TryRead(ref reader, out var wrongTerms) };
                return wrongTerms;
            case RequestKind.Ingest:
                request = request with { Ingest = IngestTerms.TryRead(ref reader, out var wrongLines) };
                return wrongLines;
            case RequestKind.Subscribe:
                request = request with { Subscribe = SubscribeTerms.TryRead(ref reader, out var wrongQuestion) };
                return wrongQuestion;
            case RequestKind.Top:
                if (ReadLevel(ref reader, ref request) is { } wrong)
                    return wrong;
                if (!TryReadNumber(ref reader, 1, RequestMessage.MaxTop, out var limit))
                    return $"The limit is no number from 1 to {RequestMessage.MaxTop}.";
                request = request with { Limit = (int)limit };
                return null;
            case RequestKind.OpenSession:
                if (!TryReadNumber(ref reader, 1, MaxIdleTimeoutMs, out var idle))
                    return "The idle timeout is out of range: give 1 ms to 30 days, in milliseconds.";
                request = request with { IdleTimeoutMs = idle };
                return null;
            case RequestKind.CloseSession:
                if (!TryReadNumber(ref reader, 0, uint.MaxValue, out var incarnation) || !TryReadNumber(ref reader, 1, long.MaxValue, out var session))
                    return "A session is an incarnation of 32 bits and an id from 1 on: give those that its opening answered with.";
                request = request with { Session = new((uint)incarnation, session, 0, 0) };
                return null;
            case RequestKind.Confirm:
                return ReadPosition(ref reader, ref request);
            default:
                return null;
        }
    }

    private static string? ReadTerms(ref MessagePackReader reader, ref RequestMessage request)
    {
        if (reader.NextType == MessagePackType.Integer)
        {
            if (!TryReadNumber(ref reader, 0, (long)ClientWriteConcern.Available, out var concern))
                return "The concern of a write is 0 (quorum), 1 (leader) or 2 (available).";
            request = request with { Concern = (ClientWriteConcern)concern };
            return null;
        }

        if (!reader.TryReadArrayHeader(out var count) || count != 4
            || !TryReadNumber(ref reader, 0, uint.MaxValue, out var incarnation)
            || !TryReadNumber(ref reader, 1, long.MaxValue, out var session)
            || !TryReadNumber(ref reader, 1, long.MaxValue, out var sequence)
            || !TryReadNumber(ref reader, 0, sequence - 1, out var acknowledged))
            return "A write has a concern, 0 to 2, or its place in a session: [incarnation, session, sequence from 1, acknowledged below the sequence].";
        request = request with { Session = new((uint)incarnation, session, sequence, acknowledged) };
        return null;
    }

    private static string? ReadKey(ref MessagePackReader reader, ref RequestMessage request)
    {
        if (!reader.TryReadString(RequestMessage.MaxKeyBytes, out var key) || key.Length == 0)
            return $"The key is no string of 1 to {RequestMessage.MaxKeyBytes} bytes of UTF-8.";
        request = request with { Key = key };
        return null;
    }

    private static string? ReadKeys(ref MessagePackReader reader, ref RequestMessage request)
    {
        if (!reader.TryReadArrayHeader(out var count) || count is < 1 or > RequestMessage.MaxKeys)
            return $"The keys are no array of 1 to {RequestMessage.MaxKeys}.";
        var keys = new string[count];
        for (var i = 0; i < count; i++)
        {
            if (!reader.TryReadString(RequestMessage.MaxKeyBytes, out var key) || key.Length == 0)
                return $"Key {i + 1} is no string of 1 to {RequestMessage.MaxKeyBytes} bytes of UTF-8.";
            keys[i] = key;
        }

        request = request with { Keys = keys };
        return null;
    }

    private static string? ReadRange(ref MessagePackReader reader, ref RequestMessage request)
    {
        if (!reader.TryReadInt64(out var from) || !reader.TryReadInt64(out var to))
            return "A bound of the range is no whole number of 64 bits.";
        request = request with { From = from, To = to };
        return null;
    }

    private static string? ReadChange(ref MessagePackReader reader, ref RequestMessage request)
    {
        if (request.Kind == RequestKind.Add)
        {
            if (!reader.TryReadInt64(out var delta))
                return "The delta is no whole number of 64 bits.";
            request = request with { Delta = delta };
        }
        else if (request.Kind == RequestKind.CompareAndSet)
        {
            long? expected = null;
            if (!reader.TryReadNil())
            {
                if (!reader.TryReadInt64(out var number))
                    return "The expected value is neither nil nor a whole number of 64 bits.";
                expected = number;
            }

            request = request with { Expected = expected };
        }

        if (request.Kind is RequestKind.CompareAndSet or RequestKind.Max)
        {
            if (!reader.TryReadInt64(out var value))
                return "The value is no whole number of 64 bits.";
            request = request with { Value = value };
        }

        return null;
    }

    private static string? ReadLevel(ref MessagePackReader reader, ref RequestMessage request)
    {
        const string Wrong = "The level is none of [0] linearizable, [1] lease, [2, max age in ms], [3, incarnation, index], [4] eventual and [5] tentative.";
        if (!reader.TryReadArrayHeader(out var count) || !TryReadNumber(ref reader, 0, (long)ConsistencyLevel.Tentative, out var code))
            return Wrong;
        var (kind, age, token) = ((ConsistencyLevel)code, 0L, default(ReadToken));
        if (count != (kind switch { ConsistencyLevel.BoundedStaleness => 2, ConsistencyLevel.Session => 3, _ => 1 }))
            return Wrong;
        if (kind == ConsistencyLevel.BoundedStaleness && !TryReadNumber(ref reader, 1, MaxAgeMs, out age))
            return $"A bounded read's age is a number of milliseconds from 1 to {MaxAgeMs}.";
        if (kind == ConsistencyLevel.Session)
        {
            if (!TryReadNumber(ref reader, 0, uint.MaxValue, out var incarnation) || !TryReadNumber(ref reader, 0, long.MaxValue, out var index))
                return "A session read's token is an incarnation of 32 bits and an index from 0 on.";
            token = new((uint)incarnation, index);
        }

        request = request with { Level = new(kind, age, token) };
        return null;
    }

    private static string? ReadPosition(ref MessagePackReader reader, ref RequestMessage request)
    {
        if (!TryReadNumber(ref reader, 0, uint.MaxValue, out var incarnation)
            || !TryReadNumber(ref reader, 1, long.MaxValue, out var index)
            || !TryReadNumber(ref reader, 1, long.MaxValue, out var term))
            return "A position is an incarnation of 32 bits, an index and a term from 1 on: give those of the provisional answer.";
        request = request with { Position = new((uint)incarnation, index, term) };
        return null;
    }

    private static bool TryReadNumber(ref MessagePackReader reader, long least, long most, out long value) =>
        reader.TryReadInt64(out value) && value >= least && value <= most;
}
