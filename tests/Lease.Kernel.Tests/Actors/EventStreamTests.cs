namespace Lease.Kernel.Tests.Actors;

public sealed class EventStreamTests : TestKit.TestKit
{
    [Fact]
    public void Subscribers_get_what_they_subscribed_to_and_types_derived_from_it()
    {
        var probe = CreateTestProbe();
        Sys.EventStream.Subscribe<Exception>(probe.Ref);
        Sys.EventStream.Publish(new IOException("disk"));
        Sys.EventStream.Publish("text");
        probe.ExpectMsg<IOException>();
        probe.ExpectNoMsg();
    }

    [Fact]
    public void Who_subscribed_to_two_types_of_one_message_gets_it_once()
    {
        var probe = CreateTestProbe();
        Sys.EventStream.Subscribe<Exception>(probe.Ref);
        Sys.EventStream.Subscribe<IOException>(probe.Ref);
        Sys.EventStream.Subscribe<IOException>(probe.Ref);
        Sys.EventStream.Publish(new IOException("disk"));
        probe.ExpectMsg<IOException>();
        probe.ExpectNoMsg();
    }

    [Fact]
    public void After_Unsubscribe_nothing_comes()
    {
        var probe = CreateTestProbe();
        Sys.EventStream.Subscribe<string>(probe.Ref);
        Sys.EventStream.Subscribe<Exception>(probe.Ref);
        Sys.EventStream.Unsubscribe<string>(probe.Ref);
        Sys.EventStream.HasSubscribers<string>().ShouldBeFalse();
        Sys.EventStream.HasSubscribers<IOException>().ShouldBeTrue();
        Sys.EventStream.Unsubscribe(probe.Ref);
        Sys.EventStream.HasSubscribers<IOException>().ShouldBeFalse();
        Sys.EventStream.Publish("text");
        probe.ExpectNoMsg();
    }

    [Fact]
    public void Subscriptions_end_with_their_actor()
    {
        var actor = CreateTestProbe().Ref;
        Sys.EventStream.Subscribe<string>(actor);
        Sys.Stop(actor);
        Sys.EventStream.HasSubscribers<string>().ShouldBeFalse();
        Sys.EventStream.Subscribe<string>(actor);
        Sys.EventStream.HasSubscribers<string>().ShouldBeFalse();
    }
}
