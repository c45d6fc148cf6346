using System.Buffers;

namespace RaftStream.Lab.Pause;

/// <summary>Makes batches of additions to known and to new keys, the same ones in every run, in buffers that are used again.</summary>
internal sealed class BatchMaker(int keyBytes)
{
    private readonly ArrayBufferWriter<byte> _bytes = new(128 * 1024);
    private readonly ArrayBufferWriter<byte> _replies = new(64 * 1024);
    private readonly int[] _ends = new int[PauseRun.BatchCommands];
    private readonly int[] _replyEnds = new int[PauseRun.BatchCommands];
    private readonly Command[] _commands = new Command[PauseRun.BatchCommands];
    private readonly byte[] _key = new byte[keyBytes];
    private ulong _chance = 1;
    private long _index;

    /// <summary>How many keys there are once the batches so far are applied.</summary>
    public int Known { get; private set; }

    /// <summary>The next batch; one command of <paramref name="newEvery"/> adds a new key.</summary>
    public CommandBatch Next(int count, int newEvery)
    {
        _bytes.ResetWrittenCount();
        for (var i = 0; i < count; i++)
        {
            var number = i % newEvery == 0 ? Known++ : (int)(Chance() % (ulong)Known);
            WriteKey(number);
            StoreCommand.WriteAdd(_bytes, _key, (long)(Chance() % 100_000));
            _ends[i] = _bytes.WrittenCount;
        }

        var start = 0;
        for (var i = 0; i < count; i++)
        {
            _commands[i] = new(new(new(++_index), new(1)), _index, _bytes.WrittenMemory[start.._ends[i]]);
            start = _ends[i];
        }

        return new(_commands.AsSpan(0, count));
    }

    /// <summary>Where the replies to a batch go.</summary>
    public Results NewResults(int count)
    {
        _replies.ResetWrittenCount();
        return new(_replies, _replyEnds.AsSpan(0, count));
    }

    /// <summary>Eight hexadecimal digits of the number, scattered so that neighbours have nothing in common, then letters.</summary>
    private void WriteKey(int number)
    {
        _key.AsSpan().Fill((byte)'k');
        var scattered = (uint)number * 0x9E37_79B1; // Odd, so that no two numbers meet.
        for (var digit = 0; digit < 8; digit++)
            _key[digit] = (byte)"0123456789abcdef"[(int)(scattered >> (28 - (4 * digit))) & 15];
    }

    private ulong Chance()
    {
        _chance ^= _chance << 13;
        _chance ^= _chance >> 7;
        _chance ^= _chance << 17;
        return _chance;
    }
}
