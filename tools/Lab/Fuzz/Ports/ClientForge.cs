using System.Buffers;
using System.Buffers.Binary;
using RaftStream.Client;
using RaftStream.Client.Protocol;
using RaftStream.Raft.Wire;

namespace RaftStream.Lab.Fuzz;

/// <summary>
/// Requests of the client protocol: every kind with fields within and at the ends of their ranges; and at the end of a connection a frame whose body is changed and sealed again, a request out of its
/// range, or a frame that lies about its length, group or checksum. One connection in sixteen begins with a changed greeting.
/// </summary>
internal sealed class ClientForge(Random random) : IInputForge
{
    private const int MostInputs = 24;
    private const int MostDeadlineMs = 200;

    private static readonly RequestKind[] Kinds = Enum.GetValues<RequestKind>();

    private readonly ByteChanges _changes = new(random);
    private readonly ArrayBufferWriter<byte> _body = new();
    private long _id = random.NextInt64(1, long.MaxValue / 2);

    /// <inheritdoc/>
    public void Open(InputBatch batch)
    {
        var greeting = ClientHandshake.Write(new ClientGreeting(null, "fuzz"));
        if (random.Next(16) == 0)
            batch.AddBroken(random.Next(4) == 0 ? _changes.Noise(random.Next(1, 2_000)) : _changes.Change(greeting));
        else
            batch.Add(greeting);
    }

    /// <inheritdoc/>
    public void Fill(InputBatch batch)
    {
        for (var left = random.Next(4, MostInputs); left > 0; left--)
        {
            Add(batch, Request(isOutOfRange: false));
            batch.Counted();
        }

        if (random.Next(2) == 0)
        {
            batch.AddBroken(Broken());
            return;
        }

        batch.End = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(batch.End, ++_id);
        Add(batch, new(RequestKind.Status) { Id = _id, DeadlineMs = 5_000 });
    }

    private RequestMessage Request(bool isOutOfRange)
    {
        var kind = Kinds[random.Next(Kinds.Length)];
        var number = FuzzKeys.Number(random);
        return new(kind)
        {
            Id = isOutOfRange ? number : ++_id,
            DeadlineMs = isOutOfRange ? FuzzKeys.Number(random) : random.Next(1, MostDeadlineMs),
            Concern = (ClientWriteConcern)(kind is RequestKind.Add or RequestKind.Max || isOutOfRange ? random.Next(isOutOfRange ? 5 : 3) : random.Next(2)),
            Session = kind == RequestKind.CloseSession || (random.Next(4) == 0 && kind != RequestKind.Confirm) ? Session(isOutOfRange) : default,
            Level = Level(kind, isOutOfRange),
            Key = isOutOfRange && random.Next(4) == 0 ? new string('k', random.Next(2) == 0 ? 0 : 5_000) : FuzzKeys.Key(random),
            Delta = number,
            Expected = random.Next(2) == 0 ? null : FuzzKeys.Number(random),
            Value = number,
            Keys = [.. Enumerable.Range(0, isOutOfRange ? random.Next(0, 1_500) : random.Next(1, 20)).Select(_ => FuzzKeys.Key(random))],
            From = Math.Min(number, 0),
            To = Math.Max(number, 0),
            Watch = new((ClientFilterKind)random.Next(isOutOfRange ? 5 : 1), "", isOutOfRange ? number : random.Next(1, 50), random.Next(2) == 0 ? null : WatchFrom.Behind(new(0, random.Next(100)))),
            Ingest = Ingest(isOutOfRange),
            Subscribe = new(isOutOfRange ? number : random.Next(1, 50), Name(isOutOfRange), Name(isOutOfRange), isOutOfRange ? FuzzKeys.Number(random) : random.Next(1, 100)),
            Limit = isOutOfRange ? (int)number : random.Next(1, 20),
            IdleTimeoutMs = isOutOfRange ? number : random.Next(1, 1_000),
            Position = new(0, Math.Max(1, random.Next(1_000)), 1),
        };
    }

    private IngestTerms Ingest(bool isOutOfRange)
    {
        var lines = Enumerable.Range(0, isOutOfRange ? random.Next(0, 1_500) : random.Next(0, 20)).Select(_ => FuzzKeys.Key(random));
        return new(Name(isOutOfRange), Name(isOutOfRange), Name(isOutOfRange), isOutOfRange ? FuzzKeys.Number(random) : random.Next(1, 100), [.. lines]);
    }

    private string Name(bool isOutOfRange) => isOutOfRange && random.Next(4) == 0 ? new string('n', random.Next(2) == 0 ? 0 : 201) : "events";

    private SessionNumber Session(bool isOutOfRange)
    {
        var sequence = isOutOfRange ? FuzzKeys.Number(random) : random.Next(1, 20);
        return new(0, isOutOfRange ? Math.Max(1, FuzzKeys.Number(random)) : random.Next(1, 500), sequence, isOutOfRange ? FuzzKeys.Number(random) : random.NextInt64(sequence));
    }

    private LevelTerms Level(RequestKind kind, bool isOutOfRange)
    {
        // Tentative reads are of one counter only.
        var level = (ConsistencyLevel)random.Next(isOutOfRange ? 8 : kind == RequestKind.Get ? 6 : 5);
        return new(level, isOutOfRange ? FuzzKeys.Number(random) : random.Next(1, 1_000), new(0, isOutOfRange ? FuzzKeys.Number(random) : random.Next(1_000)));
    }

    private void Add(InputBatch batch, in RequestMessage request)
    {
        _body.ResetWrittenCount();
        request.Write(_body);
        batch.Add(Framed(_body.WrittenSpan));
    }

    private static byte[] Framed(ReadOnlySpan<byte> body)
    {
        var frame = new byte[Frame.OuterSize + body.Length];
        Frame.WriteOuter(frame, body.Length);
        body.CopyTo(frame.AsSpan(Frame.OuterSize));
        Frame.Seal(frame);
        return frame;
    }

    private byte[] Broken()
    {
        _body.ResetWrittenCount();
        Request(isOutOfRange: random.Next(3) == 0).Write(_body);
        var frame = Framed(_body.WrittenSpan);
        switch (random.Next(10))
        {
            case 0:
                return frame[..random.Next(frame.Length)];
            case 1:
                frame[random.Next(frame.Length)] ^= (byte)(1 << random.Next(8));
                return frame;
            case 2:
                BinaryPrimitives.WriteUInt32LittleEndian(frame, random.Next(3) switch { 0 => uint.MaxValue, 1 => 16_385, _ => (uint)random.Next(20_000) });
                return frame;
            case 3:
                frame[random.Next(8, 12)] = (byte)random.Next(1, 256);
                return frame;
            case 4:
                return _changes.Noise(random.Next(1, 300));
            case 5:
                return Framed(_body.WrittenSpan);
            default:
                return Framed(_changes.Change(_body.WrittenSpan));
        }
    }
}
