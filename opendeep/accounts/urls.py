from django.urls import path

from opendeep.accounts.pages import SignIn, SignOut

page_urls = [
    path("sign-in/", SignIn.as_view(), name="sign-in"),
    path("sign-out/", SignOut.as_view(), name="sign-out"),
]
