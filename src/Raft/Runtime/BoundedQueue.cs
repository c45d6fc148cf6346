using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Runtime.InteropServices;

namespace RaftStream.Raft.Runtime;

/// <summary>
/// The one queue between threads: many producers, one consumer, a fixed number of slots, no lock. Full is an answer
/// (<see cref="TryEnqueue"/> gives false), never a wait: the producer turns it into back pressure.
/// </summary>
/// <remarks>
/// A ring after Dmitry Vyukov's bounded queue. Each slot carries a sequence number that says whose turn it is: equal to a place,
/// the producer that claimed this place may write; one more, the consumer may read; a whole lap more, the next lap's producer may
/// write. Producers claim places by compare-and-swap on the tail; the only consumer keeps the head to itself.
/// A producer that was suspended between claiming and publishing hides the items behind its own: the consumer sees "empty" until it
/// goes on, and it unparks the consumer when it does, so nothing is stranded.
/// Items of one producer come out in the order in which it put them in. Allocates nothing after construction; a slot is cleared
/// when it is read, so that the ring keeps no garbage alive.
/// </remarks>
internal sealed class BoundedQueue<T>
{
    /// <summary>The largest capacity.</summary>
    public const int MaxCapacity = 1 << 24;

    private readonly Slot[] _slots;
    private readonly int _mask;
    private readonly Parker _consumer;
    private PaddedCursor _tail;
    private PaddedCursor _head;

    /// <summary>A queue of <paramref name="capacity"/> slots (a power of two, 2 to <see cref="MaxCapacity"/>) that wakes <paramref name="consumer"/>.</summary>
    public BoundedQueue(int capacity, Parker consumer)
    {
        Invariant.Check(capacity is >= 2 and <= MaxCapacity && BitOperations.IsPow2(capacity), "a queue's capacity is a power of two from 2 to 2^24");
        _slots = new Slot[capacity];
        _mask = capacity - 1;
        _consumer = consumer;
        for (var place = 0; place < capacity; place++)
            _slots[place].Sequence = place;
    }

    /// <summary>How many items it holds at the most.</summary>
    public int Capacity => _slots.Length;

    /// <summary>About how many items wait: exact while nobody else works on the queue. From any thread.</summary>
    public int Count
    {
        get
        {
            // Head first: it never passes the tail, so a tail read later cannot make the difference negative.
            var head = Volatile.Read(ref _head.Value);
            var tail = Volatile.Read(ref _tail.Value);
            return (int)Math.Min(tail - head, _slots.Length);
        }
    }

    /// <summary>Adds an item and wakes the consumer if it sleeps. False: the queue is full and the item is not in it. From any thread.</summary>
    public bool TryEnqueue(T item)
    {
        var place = Volatile.Read(ref _tail.Value);
        while (true)
        {
            ref var slot = ref _slots[place & _mask];
            var turn = Volatile.Read(ref slot.Sequence) - place;
            if (turn < 0)
                return false;
            if (turn == 0)
            {
                var seen = Interlocked.CompareExchange(ref _tail.Value, place + 1, place);
                if (seen == place)
                {
                    slot.Item = item;
                    Volatile.Write(ref slot.Sequence, place + 1);
                    _consumer.Unpark();
                    return true;
                }

                place = seen;
                continue;
            }

            place = Volatile.Read(ref _tail.Value);
        }
    }

    /// <summary>Takes the oldest item. False: there is none. By the consumer's thread only.</summary>
    public bool TryDequeue([MaybeNullWhen(false)] out T item)
    {
        var place = _head.Value;
        ref var slot = ref _slots[place & _mask];
        if (Volatile.Read(ref slot.Sequence) != place + 1)
        {
            item = default;
            return false;
        }

        item = slot.Item;
        slot.Item = default!;
        Volatile.Write(ref slot.Sequence, place + _slots.Length);
        Volatile.Write(ref _head.Value, place + 1);
        return true;
    }

    private struct Slot
    {
        public long Sequence;
        public T Item;
    }
}

/// <summary>A counter alone on its cache lines (two, because processors fetch them in pairs), so that producers and consumer do not slow each other.</summary>
[StructLayout(LayoutKind.Explicit, Size = 256)]
internal struct PaddedCursor
{
    /// <summary>The counter.</summary>
    [FieldOffset(128)]
    public long Value;
}
