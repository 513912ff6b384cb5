using Lease.Kernel.IO;
using Lease.Transport.Links;

namespace Lease.Transport.Tests.Links;

/// <summary>What waits for a link: two buffers that take turns.</summary>
public sealed class SendBufferTests
{
    private const int Small = 200;
    private const int Filling = 1000;

    [Fact]
    public async Task What_is_added_while_the_last_is_written_goes_out_together()
    {
        var buffer = new SendBuffer();
        Add(buffer, 1).ShouldBeTrue();
        (await buffer.WaitAsync()).ShouldBeTrue();
        var first = buffer.Take();
        Add(buffer, 2).ShouldBeTrue();
        Add(buffer, 3).ShouldBeTrue();
        first.Span[^1].ShouldBe((byte)1);
        (await buffer.WaitAsync()).ShouldBeTrue();
        var second = buffer.Take();
        second.Length.ShouldBe(2 * first.Length);
        second.Span[first.Length - 1].ShouldBe((byte)2);
        second.Span[^1].ShouldBe((byte)3);
        buffer.Take().Length.ShouldBe(0);
    }

    [Fact]
    public async Task Whoever_waits_is_woken_by_the_first_frame_and_by_the_end()
    {
        var buffer = new SendBuffer();
        for (byte i = 0; i < 3; i++)
        {
            var waiting = buffer.WaitAsync();
            waiting.IsCompleted.ShouldBeFalse();
            Add(buffer, i);
            (await waiting).ShouldBeTrue();
            buffer.Take().Span[^1].ShouldBe(i);
        }

        var last = buffer.WaitAsync();
        buffer.End();
        (await last).ShouldBeFalse();
        (await buffer.WaitAsync()).ShouldBeFalse();
        buffer.End();
    }

    [Fact]
    public async Task What_is_added_in_a_scope_wakes_whoever_waits_at_its_end()
    {
        var buffer = new SendBuffer();
        for (byte i = 0; i < 3; i++)
        {
            var waiting = buffer.WaitAsync();
            SendScope.Begin();
            Add(buffer, 1);
            Add(buffer, i);
            waiting.IsCompleted.ShouldBeFalse();
            SendScope.End();
            (await waiting).ShouldBeTrue();
            buffer.Take().Span[^1].ShouldBe(i);
        }

        var last = buffer.WaitAsync();
        SendScope.Begin();
        Add(buffer, 1);
        buffer.End();
        SendScope.End();
        (await last).ShouldBeFalse();
    }

    [Fact]
    public void It_takes_four_MiB_and_not_a_frame_more()
    {
        var buffer = new SendBuffer();
        var taken = 0;
        while (Add(buffer, 1))
            taken++;
        var all = buffer.Take();
        all.Length.ShouldBeInRange(SendBuffer.Limit - (2 * Small), SendBuffer.Limit);
        (all.Length % taken).ShouldBe(0);

        // That is being written; the other buffer has as much room.
        for (var i = 0; i < taken; i++)
            Add(buffer, 2).ShouldBeTrue();
        Add(buffer, 2).ShouldBeFalse();
        buffer.Take().Length.ShouldBe(all.Length);
    }

    [Fact]
    public void After_the_end_nothing_is_taken_and_nothing_waits()
    {
        var buffer = new SendBuffer();
        Add(buffer, 1).ShouldBeTrue();
        buffer.End();
        Add(buffer, 2).ShouldBeFalse();
        buffer.Take().Length.ShouldBe(0);
    }

    [Fact]
    public void Adding_allocates_one_small_object_for_a_frame_once_the_buffers_have_grown()
    {
        var buffer = new SendBuffer();
        Fill(buffer);
        Fill(buffer);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Fill(buffer);
        Fill(buffer);

        // 32 octets for each; a collection meanwhile counts what was left of the thread's share of memory, too.
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeInRange(2 * Filling * 32, 2 * Filling * 48);
    }

    private static void Fill(SendBuffer buffer)
    {
        for (var i = 0; i < Filling; i++)
            buffer.TryAdd(new ForwardedPacket(ForwardedService.Dhcp6, 0, isMulticast: false, default, "eth0", FillData));
        buffer.Take();
    }

    private static readonly byte[] FillData = new byte[Small];

    private static bool Add(SendBuffer buffer, byte last)
    {
        var data = new byte[Small];
        data[^1] = last;
        return buffer.TryAdd(TestNode.Packet(data));
    }
}
