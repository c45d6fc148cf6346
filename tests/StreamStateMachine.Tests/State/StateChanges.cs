using System.Buffers.Binary;

namespace RaftStream.StreamStateMachine.Tests;

/// <summary>Keys and values of a kind, by chance.</summary>
internal enum KeyKind
{
    Short,
    Adjacent,
    LongCommonPrefix,
    Longest,
    AnyLength,
    Up,
    Down,
}

/// <summary>Random keys and values that make trouble for a tree: equal starts, neighbours, the longest ones, and runs up and down.</summary>
internal sealed class StateChanges(Random random, KeyKind kind, int keys, int largestValue)
{
    private static readonly byte[] Prefix = [.. Enumerable.Range(0, 700).Select(static i => (byte)i)];

    private uint _run;

    public byte[] NextKey() => kind switch
    {
        KeyKind.Up => Number(_run++),
        KeyKind.Down => Number(uint.MaxValue - _run++),
        _ => OldKey(),
    };

    /// <summary>A key that may have been there before.</summary>
    public byte[] OldKey()
    {
        var number = random.Next(keys);
        return kind switch
        {
            KeyKind.Short => [(byte)(number % 251), .. number > 251 ? BitConverter.GetBytes(number) : []],
            KeyKind.Adjacent => new byte[1 + (number % 40)].Append((byte)(number / 40)).ToArray(),
            KeyKind.LongCommonPrefix => [.. Prefix, .. Number((uint)number)],
            KeyKind.Longest => [.. Enumerable.Repeat((byte)7, StateTree.MaxKeyBytes - 4), .. Number((uint)number)],
            KeyKind.AnyLength => AnyLength(number),
            KeyKind.Up => Number((uint)random.NextInt64(_run + 1)),
            _ => Number(uint.MaxValue - (uint)random.NextInt64(_run + 1)),
        };
    }

    public byte[] NextValue()
    {
        var value = new byte[random.Next(6) == 0 ? random.Next(largestValue + 1) : random.Next(Math.Min(largestValue, 30) + 1)];
        random.NextBytes(value);
        return value;
    }

    private static byte[] Number(uint number)
    {
        var bytes = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, number);
        return bytes;
    }

    private static byte[] AnyLength(int number)
    {
        var key = new byte[1 + (number * 7919L % StateTree.MaxKeyBytes)];
        new Random(number).NextBytes(key);
        return key;
    }
}
